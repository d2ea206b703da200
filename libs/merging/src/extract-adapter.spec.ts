import { join } from 'node:path';
import { readAdapter } from '@tunesmith/checkpoints';
import { liveTensors, type WorkContext } from '@tunesmith/tensor';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { extractAdapter } from './extract-adapter.js';
import { mergeModels } from './merge-models.js';
import { readUpdate, writeRandomAdapter } from './testing/random-adapter.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress() {} };
const modules = { 'model.layers.0.self_attn.q_proj': [64, 64], 'model.layers.1.mlp.up_proj': [128, 64] } as const;
let scratch: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => join(scratch.path, name);

beforeAll(async () => {
  scratch = await temporaryFolder('extract');
  await writeTinyModel(at('base'), { seed: 1 });
  await writeTinyModel(at('other'), { seed: 2 });
  await writeTinyModel(at('larger'), { seed: 1, hiddenSize: 128 });
  await writeRandomAdapter(at('adapter'), { seed: 1, rank: 2, alpha: 4, modules });
  await mergeModels({ base: at('base'), adapter: at('adapter'), models: [], method: 'lora-fold', parameters: {} }, at('tuned'), context);
});
afterAll(() => scratch.remove());

test('finds the adapter that a model was folded with', async () => {
  const before = liveTensors();
  const report = await extractAdapter({ base: at('base'), model: at('tuned'), rank: 8, energy: 0.999, baseName: 'tiny' }, at('found'), context);
  expect(report).toMatchObject({ modules: 2, largestRank: 2, parameters: 2 * (64 + 64) + 2 * (128 + 64), unreached: [] });
  // The tuned model is stored in bfloat16.
  expect(report.lostShare).toBeLessThan(0.02);
  expect(liveTensors()).toBe(before);
  for (const module of Object.keys(modules)) {
    const [found, given] = [await readUpdate(at('found'), module), await readUpdate(at('adapter'), module)];
    found.forEach((value, index) => expect(value).toBeCloseTo(given[index]!, 2));
  }
  await using adapter = await readAdapter(at('found'));
  expect(adapter.config).toMatchObject({ rank: 2, alpha: 2, baseModel: 'tiny', targetModules: ['q_proj', 'up_proj'] });
});

test('says what a smaller rank loses and what no adapter reaches', async () => {
  const report = await extractAdapter({ base: at('base'), model: at('other'), rank: 4, targetModules: ['q_proj', 'down_proj'] }, at('partly'), context);
  expect(report).toMatchObject({ modules: 4, largestRank: 4 });
  expect(report.lostShare).toBeGreaterThan(0.5);
  expect(report.unreached.map(({ name }) => name)).toContain('model.embed_tokens.weight');
  expect(report.unreached.map(({ name }) => name)).not.toContain('model.layers.0.self_attn.q_proj.weight');
  const changes = report.unreached.map(({ change }) => change);
  expect(changes).toEqual([...changes].sort((one, other) => other - one));
});

test.each([
  ['equal models', { model: 'base' }, /expected a model whose linear layers differ/],
  ['a model of another size', { model: 'larger' }, /expected "model.embed_tokens.weight" of shape \[\d+, 64\].*got \[\d+, 128\]/],
  ['a rank of zero', { rank: 0 }, /rank: expected a whole number of at least 1; got 0/],
  ['an energy above one', { energy: 2 }, /energy: expected a number above 0, at most 1; got 2/],
  ['an unknown module', { targetModules: ['qkv'] }, /expected names among q_proj, .*; got qkv/],
])('refuses %s', async (_name, changes: { model?: string; rank?: number; energy?: number; targetModules?: string[] }, message) => {
  await expect(extractAdapter({ base: at('base'), rank: 2, ...changes, model: at(changes.model ?? 'tuned') }, at('refused'), context)).rejects.toThrow(message);
});
