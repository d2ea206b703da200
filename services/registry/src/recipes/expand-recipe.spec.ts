import { Recipe } from '@tunesmith/contracts';
import { parse } from 'yaml';
import { expandRecipe } from './expand-recipe.js';
import { resolveInputs } from './recipe-inputs.js';

const herd = `
name: herd
inputs:
  data: { kind: path, description: a folder of rows }
  size: { choices: { small: { steps: 20, students: { tiny: { model: a, rank: 2 } } }, full: { steps: 900, students: { tiny: { model: a, rank: 2 }, large: { model: b, rank: 16 } } } }, default: small }
steps:
  tune:
    uses: train
    matrix: "\${{ inputs.size.students }}"
    with: { model: "\${{ matrix.model }}", dataset: "\${{ inputs.data }}/rows.jsonl", steps: "\${{ inputs.size.steps }}", method: { kind: lora, rank: "\${{ matrix.rank }}" } }
  fold:  { uses: merge, each: tune, with: { base: "\${{ matrix.model }}", adapter: "\${{ steps.tune.adapter }}" } }
  mean:  { uses: merge, needs: [fold], with: { base: x, method: linear, models: ["\${{ steps.fold.model }}"], parameters: { labels: "\${{ entries.fold }}" } } }
`;

const expand = (source: string, inputs: Parameters<typeof resolveInputs>[1] = {}): ReturnType<typeof expandRecipe> => {
  const recipe = Recipe.parse(parse(source));
  return expandRecipe(recipe, resolveInputs(recipe.inputs, inputs));
};

test('inputs are put in their places, numbers as numbers', () => {
  const steps = expand(herd, { data: '/rows' });
  expect(Object.keys(steps)).toEqual(['tune.tiny', 'fold.tiny', 'mean']);
  expect(steps['tune.tiny']!.with).toEqual({ model: 'a', dataset: '/rows/rows.jsonl', steps: 20, method: { kind: 'lora', rank: 2 } });
});

test('a step of each entry sees its own entry, one that follows them all the list', () => {
  const steps = expand(herd, { data: '/rows', size: 'full' });
  expect(Object.keys(steps)).toEqual(['tune.tiny', 'tune.large', 'fold.tiny', 'fold.large', 'mean']);
  expect(steps['fold.large']).toEqual({ uses: 'merge', needs: ['tune.large'], with: { base: 'b', adapter: '${{ steps.tune.large.adapter }}' } });
  expect(steps['mean']).toEqual({
    uses: 'merge', needs: ['fold.tiny', 'fold.large'],
    with: { base: 'x', method: 'linear', models: ['${{ steps.fold.tiny.model }}', '${{ steps.fold.large.model }}'], parameters: { labels: ['tiny', 'large'] } },
  });
});

test('the entries of a step that may fail may fail, and their errors are a list', () => {
  const steps = expand(`
name: tolerant
steps:
  tune: { uses: train, mayFail: true, matrix: { seed: [1, 2] }, with: { model: a, dataset: b } }
  table: { uses: compare, needs: [tune], with: { labels: "\${{ entries.tune }}", evaluations: [x, y], errors: ["\${{ steps.tune.error }}"] } }
`);
  expect(steps['tune.seed2']).toMatchObject({ mayFail: true });
  expect(steps['table']!.with['errors']).toEqual(['${{ steps.tune.seed1.error }}', '${{ steps.tune.seed2.error }}']);
});

test('axes are combined, and a second matrix multiplies the first', () => {
  const steps = expand(`
name: grid
steps:
  tune: { uses: train, matrix: { rank: [4, 0.5], seed: [1, 2] }, with: { model: a, dataset: b } }
  other: { uses: train, with: { model: a, dataset: b } }
  fold: { uses: merge, each: tune, needs: [other], matrix: { way: [{ name: ties, t: 1 }, slerp] }, with: { base: a, adapter: "\${{ steps.tune.adapter }}", method: "\${{ matrix.way.name }}" } }
`.replace('[{ name: ties, t: 1 }, slerp]', '[{ name: ties }, { name: slerp }]'));
  expect(Object.keys(steps)).toEqual([
    'tune.rank4-seed1', 'tune.rank4-seed2', 'tune.0.5-seed1', 'tune.0.5-seed2', 'other',
    ...['rank4-seed1', 'rank4-seed2', '0.5-seed1', '0.5-seed2'].flatMap((entry) => [`fold.${entry}-ties`, `fold.${entry}-slerp`]),
  ]);
  expect(steps['fold.rank4-seed2-slerp']).toEqual({ uses: 'merge', needs: ['other', 'tune.rank4-seed2'], with: { base: 'a', adapter: '${{ steps.tune.rank4-seed2.adapter }}', method: 'slerp' } });
});

test('steps that follow the same matrix agree on its entry', () => {
  const steps = expand(`
name: pair
steps:
  tune: { uses: train, matrix: { seed: [1, 2] }, with: { model: a, dataset: b } }
  fold: { uses: merge, each: tune, with: { base: a, adapter: "\${{ steps.tune.adapter }}" } }
  both: { uses: merge, each: tune, needs: [fold], with: { base: a, method: linear, models: ["\${{ steps.fold.model }}"] } }
`);
  expect(steps['both.seed2']).toEqual({ uses: 'merge', needs: ['fold.seed2', 'tune.seed2'], with: { base: 'a', method: 'linear', models: ['${{ steps.fold.seed2.model }}'] } });
});

test.each([
  ['an input that is missing', {}, /data: expected a value \(a folder of rows\); got none; add --input data=PATH/],
  ['an input that there is none of', { data: '/x', sise: 'small' }, /sise: expected an input out of data, size/],
  ['a choice that there is none of', { data: '/x', size: 'huge' }, /size: expected one of small, full; got "huge"/],
  ['a value of another kind', { data: 7 }, /data: expected a path; got 7/],
])('%s is refused', (_what, inputs, message) => {
  expect(() => expand(herd, inputs)).toThrow(message);
});

test.each([
  ['a matrix of lists and objects', 'matrix: { a: [1], b: { c: 1 } }', /tune\.matrix: expected only named entries/],
  ['equal entries', 'matrix: { a: [x, x] }', /values that differ/],
  ['a value that the entry lacks', 'matrix: { a: { other: 1 } }', /matrix\.model \}\}: expected "model" among other/],
  ['a list inside a text', 'matrix: { a: { model: [1] } }', /expected one text or number/],
  ['more steps than anybody meant', `matrix: { a: [${Array.from({ length: 30 }, (_, index) => index).join()}], model: [${Array.from({ length: 30 }, (_, index) => index).join()}] }`, /at most 500 steps; its matrices make 900/],
])('%s is refused', (_what, matrix, message) => {
  expect(() => expand(`name: x\nsteps:\n  tune: { uses: train, ${matrix}, with: { model: "m\${{ matrix.model }}", dataset: b } }`)).toThrow(message);
});
