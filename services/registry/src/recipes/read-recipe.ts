import { issueMessage, Recipe } from '@tunesmith/contracts';
import { LineCounter, parseDocument } from 'yaml';
import { RefusedError } from '../errors.js';
import { checkSteps, stepProblemsError } from '../runs/check-steps.js';
import { expandRecipe } from './expand-recipe.js';
import { isOpenSample, sampleInputs } from './recipe-inputs.js';

/** Reads and checks a recipe in YAML or JSON. @throws RefusedError that lists every problem. */
export function readRecipe(source: string): Recipe {
  const lines = new LineCounter();
  // The core schema knows no tags of its own, and aliases may not multiply a small text into a large one.
  const document = parseDocument(source, { lineCounter: lines, schema: 'core', uniqueKeys: true });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new RefusedError({ code: 'recipe-syntax', message: `recipe: expected YAML or JSON; line ${line}, column ${col}: ${error.message.split('\n')[0]}`, facts: { line, column: col } });
  }
  const plain = toPlain(document);
  const parsed = Recipe.safeParse(plain);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issueMessage(issue, plain) }));
    throw new RefusedError({
      code: 'recipe-invalid', facts: { problems },
      message: `recipe: ${problems.length === 1 ? '' : `${problems.length} problems:\n- `}${problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('\n- ')}`,
    });
  }
  const recipe = parsed.data;
  // With a matrix the same problem shows in each entry: it is told once.
  const problems = [...new Map(sampleInputs(recipe.inputs).flatMap((inputs) => checkSteps(expandRecipe(recipe, inputs), isOpenSample)).map((problem) => [`${problem.step.split('.')[0]} ${problem.key} ${problem.message}`, problem])).values()];
  const trigger = recipe.on['dataset.registered']?.dataset;
  for (const [name, step] of Object.entries(recipe.steps)) {
    if (trigger !== undefined && ['import-dataset', 'synthesize'].includes(step.uses) && step.with['name'] === trigger) {
      problems.push({ step: name, key: 'name', code: 'recipe-starts-itself', message: `expected a dataset other than the one that starts the recipe, which would start itself without end; got "${trigger}"` });
    }
  }
  if (problems.length > 0) throw stepProblemsError(problems);
  return recipe;
}

function toPlain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new RefusedError({ code: 'recipe-syntax', message: `recipe: ${cause instanceof Error ? cause.message : String(cause)}`, cause });
  }
}
