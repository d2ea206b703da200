import { z } from 'zod';
import { withArticle } from './artifact-ref.js';
import { Name } from './ids.js';
import { suggestion } from './nearest-name.js';
import { RecipeInput } from './recipe-input.js';
import { settingsOf } from './steps/settings-of.js';
import { findStepKind, stepKinds } from './steps/step-kinds.js';

/** One step. `with` is checked by the step kind's schema once its references are resolved. */
export const RecipeStep = z.strictObject({
  uses: z.string().describe(`One of ${stepKinds.map((kind) => kind.name).join(', ')}.`),
  needs: z.array(Name).default([]),
  with: z.record(z.string(), z.json()).default({}),
  mayFail: z
    .boolean()
    .optional()
    .describe('Its failure does not end the run: steps that may fail too are skipped where they need it, others find null in their lists in the place of its outputs, and ${{ steps.NAME.error }} says why.'),
});
export type RecipeStep = z.infer<typeof RecipeStep>;

/** A step as a recipe writes it: one, or one for each entry of a matrix. */
export const RecipeTemplateStep = RecipeStep.extend({
  matrix: z
    .union([z.string(), z.record(Name, z.json())])
    .optional()
    .describe('Entries by name, {small: {rank: 4}, large: {rank: 64}}, or axes whose values are combined, {rank: [4, 64], seed: [1, 2]}; ${{ matrix.rank }} is the value of each entry.'),
  each: Name.optional().describe('The name of a step with a matrix: this step runs once for each of its entries, and what it refers to is of the same entry.'),
});
export type RecipeTemplateStep = z.infer<typeof RecipeTemplateStep>;

/** A recipe is data: what starts it, and steps that need one another. */
export const Recipe = z
  .strictObject({
    name: Name,
    description: z.string().optional(),
    on: z.strictObject({ 'dataset.registered': z.strictObject({ dataset: Name }).optional() }).default({}),
    inputs: z.record(Name, RecipeInput).default({}).describe('What a run is given: ${{ inputs.NAME }}.'),
    steps: z.record(Name, RecipeTemplateStep).refine((steps) => Object.keys(steps).length > 0, 'expected at least one step'),
  })
  .check((context) => {
    const problems = recipeProblems(context.value);
    for (const problem of problems) context.issues.push({ code: 'custom', input: context.value, path: problem.path, message: problem.message });
  });
export type Recipe = z.infer<typeof Recipe>;

/** What `${{ … }}` may hold: `event.dataset`, `inputs.NAME`, `matrix.NAME`, `steps.NAME.OUTPUT`, `steps.NAME.error`, or `entries.NAME`, the names of a step's entries. */
export const expressionPattern = /\$\{\{\s*([^}]*?)\s*\}\}/g;

interface Problem { path: string[]; message: string }

type Steps = Readonly<Record<string, RecipeTemplateStep>>;

function recipeProblems({ steps, inputs, on }: { steps: Steps; inputs: Readonly<Record<string, RecipeInput>>; on: { 'dataset.registered'?: unknown } }): Problem[] {
  const names = Object.keys(steps);
  const problems: Problem[] = [];
  const open = Object.entries(inputs).flatMap(([name, input]) => (input.default === undefined ? [name] : []));
  if (on['dataset.registered'] !== undefined && open.length > 0) {
    problems.push({ path: ['inputs'], message: `expected a default for ${open.join(', ')}, because an event that starts the recipe gives no inputs` });
  }
  for (const [name, step] of Object.entries(steps)) {
    const kind = findStepKind(step.uses);
    if (!kind) {
      problems.push({ path: ['steps', name, 'uses'], message: `expected one of ${stepKinds.map((each) => each.name).join(', ')}; got "${step.uses}"${suggestion(step.uses, stepKinds.map((each) => each.name))}` });
    }
    if (step.each !== undefined && !hasEntries(step.each, steps)) {
      problems.push({ path: ['steps', name, 'each'], message: `expected the name of a step with a matrix (${names.filter((each) => hasEntries(each, steps)).join(', ') || 'there is none'}); got "${step.each}"` });
    }
    for (const needed of step.needs) {
      if (!names.includes(needed)) {
        problems.push({ path: ['steps', name, 'needs'], message: `expected the name of a step (${names.join(', ')}); got "${needed}"` });
      }
    }
    const settings = kind && settingsOf(kind, step.with);
    const known = settings && Object.keys(settings);
    for (const key of Object.keys(step.with)) {
      if (known && !known.includes(key)) {
        problems.push({ path: ['steps', name, 'with', key], message: `unknown key "${key}"; ${step.uses} takes ${known.join(', ')}` });
      }
    }
    for (const [, expression] of JSON.stringify([step.with, step.matrix ?? null]).matchAll(expressionPattern)) {
      const problem = expressionProblem(expression!, name, steps, inputs);
      if (problem) problems.push({ path: ['steps', name, 'with'], message: problem });
    }
    for (const [key, expected] of Object.entries(kind?.references ?? {})) {
      for (const value of [step.with[key]].flat()) {
        const made = typeof value === 'string' ? artifactKindOf(value, steps) : undefined;
        if (made && made !== expected) problems.push({ path: ['steps', name, 'with', key], message: `expected ${withArticle(expected)}; "${String(value)}" is ${withArticle(made)}` });
      }
    }
  }
  const cycle = findCycle(steps);
  if (cycle) problems.push({ path: ['steps', cycle[0]!, 'needs'], message: `expected steps without a cycle; got ${cycle.join(' -> ')}; remove one of these needs` });
  return problems;
}

function expressionProblem(expression: string, step: string, steps: Steps, inputs: Readonly<Record<string, RecipeInput>>): string | undefined {
  if (expression === 'event.dataset') return undefined;
  const [scope, named] = expression.split('.');
  if (scope === 'inputs') return named !== undefined && named in inputs ? undefined : `"\${{ ${expression} }}": expected an input out of ${Object.keys(inputs).join(', ') || '(the recipe has none: add inputs:)'}`;
  if (scope === 'matrix') return named !== undefined && hasEntries(step, steps) ? undefined : `"\${{ ${expression} }}": the step ${step} has neither matrix nor each`;
  if (scope === 'entries') {
    const of = expression.slice('entries.'.length);
    return hasEntries(of, steps) && upstream(step, steps).has(of) ? undefined : `"\${{ ${expression} }}": expected a step with a matrix that ${step} needs; got "${of}"`;
  }
  const match = /^steps\.(.+)\.([^.]+)$/.exec(expression);
  if (!match) return `expected event.dataset, inputs.NAME, matrix.NAME, entries.NAME or steps.NAME.OUTPUT inside \${{ }}; got "${expression}"`;
  const [, source, output] = match;
  const sourceStep = steps[source!];
  if (!sourceStep) return `"\${{ ${expression} }}" names the step "${source}", which the recipe does not have`;
  if (!upstream(step, steps).has(source!)) return `"\${{ ${expression} }}" uses the step "${source}", but ${step} does not need it; add it to needs`;
  const outputs = Object.keys(findStepKind(sourceStep.uses)?.outputs ?? {});
  if (output === 'error') return sourceStep.mayFail ? undefined : `"\${{ ${expression} }}": ${source} must not fail, so there is no error to tell; give it mayFail: true`;
  if (!outputs.includes(output!)) return `"\${{ ${expression} }}": ${sourceStep.uses} makes ${outputs.join(', ') || 'no artifact'}, not "${output}"`;
  return undefined;
}

/** Whether a step runs once for each of several entries: its own, or those of the step named by `each`. */
function hasEntries(name: string, steps: Steps, seen: readonly string[] = []): boolean {
  const step = steps[name];
  if (!step || seen.includes(name)) return false;
  return step.matrix !== undefined || (step.each !== undefined && hasEntries(step.each, steps, [...seen, name]));
}

/** The steps that one waits for. */
function needsOf(step: RecipeTemplateStep | undefined): readonly string[] {
  return step ? [...step.needs, ...(step.each === undefined ? [] : [step.each])] : [];
}

/** What kind of artifact a value is that consists of one expression over a step's output. */
function artifactKindOf(value: string, steps: Steps): string | undefined {
  const match = /^\$\{\{\s*steps\.(.+)\.([^.}\s]+)\s*\}\}$/.exec(value);
  return match ? findStepKind(steps[match[1]!]?.uses ?? '')?.outputs[match[2]!] : undefined;
}

/** All steps that must have ended before `step` starts. */
export function upstream(step: string, steps: Steps): Set<string> {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    for (const needed of needsOf(steps[name])) {
      if (!seen.has(needed)) {
        seen.add(needed);
        visit(needed);
      }
    }
  };
  visit(step);
  return seen;
}

function findCycle(steps: Steps): string[] | undefined {
  const finished = new Set<string>();
  const visit = (name: string, path: string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (finished.has(name)) return undefined;
    for (const needed of needsOf(steps[name])) {
      const cycle = visit(needed, [...path, name]);
      if (cycle) return cycle;
    }
    finished.add(name);
    return undefined;
  };
  for (const name of Object.keys(steps)) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}
