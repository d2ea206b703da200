import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '@tunesmith/tests-support';
import { expandRecipe } from './expand-recipe.js';
import { readRecipe } from './read-recipe.js';
import { resolveInputs } from './recipe-inputs.js';

const folder = join(repositoryRoot, 'examples');

test('every example is a recipe that this version reads', async () => {
  const recipes = (await readdir(folder)).filter((name) => name.endsWith('.yaml') && name !== 'compare-methods.yaml');
  expect(recipes.length).toBeGreaterThan(1);
  for (const name of recipes) expect(readRecipe(await readFile(join(folder, name), 'utf8')).name).not.toBe('');
});

test('the experiment of VersaTune compares every arm of every seed, each schedule with the references of its own seed', async () => {
  const recipe = readRecipe(await readFile(join(folder, 'versatune.yaml'), 'utf8'));
  const steps = expandRecipe(recipe, resolveInputs(recipe.inputs, { data: 'six', model: 'small', judge: 'large', size: 'full' }));
  expect(steps['expansion.uniform-seed2-expansion']!.with['referenceReports']).toEqual(['${{ steps.uniform.uniform-seed2.report }}', '${{ steps.single.uniform-seed2-single.report }}']);
  const { reports, labels } = steps['compare']!.with as { reports: string[]; labels: string[] };
  expect(reports).toHaveLength(18);
  // A label is the entry of the report at its place.
  for (const [place, label] of labels.entries()) expect(reports[place]).toContain(`.${label}.report`);
});

test('the experiment of FuseChat has one evaluation of each kind for each model of each seed, under the same label', async () => {
  const recipe = readRecipe(await readFile(join(folder, 'fusechat.yaml'), 'utf8'));
  const steps = expandRecipe(recipe, resolveInputs(recipe.inputs, { pivot: 'p', qwen: 'q', gemma: 'g', rows: 'six', questions: '/mmlu', size: 'full' }));
  const { evaluations, labels } = steps['table']!.with as { evaluations: string[]; labels: string[] };
  for (const [place, label] of labels.entries()) expect(evaluations[place]).toContain(`.${label}.evaluation`);
  const models = [...new Set(labels)];
  expect(models).toHaveLength(30); // the pivot, plain tuning, two targets and six merges, three times
  for (const model of models) expect(evaluations.filter((evaluation) => evaluation.endsWith(`.${model}.evaluation }}`)).map((evaluation) => evaluation.split(/[ .-]/)[2])).toEqual(['evaluate', 'agree']);
  // Both targets and the plain row begin with the same model and see the same rows in the same order.
  for (const name of ['plain.seed2-plain', 'with-qwen.seed2-with_qwen', 'with-gemma.seed2-with_gemma']) expect(steps[name]!.with).toMatchObject({ model: 'p', seed: 2 });
});
