import { withArticle, type Recipe, type RecipeInput } from '@tunesmith/contracts';
import { RefusedError } from '../errors.js';
import type { Json } from '../runs/expression.js';

type Inputs = Recipe['inputs'];
export type InputValues = Readonly<Record<string, Json>>;

/** What `${{ inputs.NAME }}` stands for in a run that was given these. @throws RefusedError `recipe-inputs` that lists every problem. */
export function resolveInputs(inputs: Inputs, given: InputValues): InputValues {
  const problems = Object.keys(given).filter((name) => !(name in inputs)).map((name) => `${name}: expected an input out of ${Object.keys(inputs).join(', ') || '(the recipe has none)'}`);
  const values: Record<string, Json> = {};
  for (const [name, input] of Object.entries(inputs)) {
    const value = given[name] ?? input.default;
    const problem = value === undefined ? `expected a value${input.description ? ` (${input.description})` : ''}; got none; add --input ${name}=${sampleText(input)}` : problemOf(input, value);
    if (problem !== undefined) problems.push(`${name}: ${problem}`);
    else values[name] = input.choices ? input.choices[String(value)]! : value!;
  }
  if (problems.length === 0) return values;
  throw new RefusedError({ code: 'recipe-inputs', message: `inputs: ${problems.length === 1 ? problems[0]! : `${problems.length} problems:\n- ${problems.join('\n- ')}`}`, facts: { problems } });
}

/** Values to check a recipe with before anybody runs it: one set with every default, and one for each other choice. */
export function sampleInputs(inputs: Inputs): InputValues[] {
  const usual = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.default ?? (input.choices ? Object.keys(input.choices)[0]! : samples[input.kind])]));
  const others = Object.entries(inputs).flatMap(([name, { choices }]) => Object.keys(choices ?? {}).filter((choice) => choice !== usual[name]).map((choice) => ({ ...usual, [name]: choice })));
  return [usual, ...others].map((given) => resolveInputs(inputs, given));
}

/** Whether a value came from a text that every run gives anew: what it has to be is known only then. */
export function isOpenSample(value: unknown): boolean {
  return typeof value === 'string' && value.includes(openText);
}

const openText = 'sample-of-an-input';

const samples: Readonly<Record<RecipeInput['kind'], Json>> = { path: `/${openText}`, model: openText, adapter: openText, dataset: openText, text: openText, number: 1, boolean: true, list: [openText] };

function problemOf({ kind, choices }: RecipeInput, value: Json): string | undefined {
  const got = `got ${JSON.stringify(value).slice(0, 100)}`;
  if (choices) return typeof value === 'string' && Object.hasOwn(choices, value) ? undefined : `expected one of ${Object.keys(choices).join(', ')}; ${got}`;
  if (kind === 'list') return Array.isArray(value) ? undefined : `expected a list, such as [1, 2]; ${got}`;
  if (kind === 'number' || kind === 'boolean') return typeof value === kind ? undefined : `expected ${withArticle(kind)}; ${got}`;
  return typeof value === 'string' && value !== '' ? undefined : `expected ${withArticle(kind)}; ${got}`;
}

function sampleText({ kind, choices }: RecipeInput): string {
  if (choices) return Object.keys(choices).join('|');
  return kind === 'list' ? '[1,2]' : kind.toUpperCase();
}
