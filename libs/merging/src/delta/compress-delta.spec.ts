import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelFolder } from '@tunesmith/checkpoints';
import { liveTensors, type WorkContext } from '@tunesmith/tensor';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { mergeModels } from '../merge-models.js';
import { writeRandomAdapter } from '../testing/random-adapter.js';
import { compressDelta } from './compress-delta.js';
import { restoreDelta } from './restore-delta.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress() {} };
let scratch: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => join(scratch.path, name);

beforeAll(async () => {
  scratch = await temporaryFolder('delta');
  await writeTinyModel(at('base'), { seed: 1 });
  await writeTinyModel(at('other'), { seed: 2 });
  await writeRandomAdapter(at('adapter'), { seed: 1, rank: 2, modules: { 'model.layers.0.self_attn.q_proj': [64, 64], 'model.layers.1.mlp.up_proj': [128, 64] }, scale: 0.3 });
  await mergeModels({ base: at('base'), adapter: at('adapter'), models: [], method: 'lora-fold', parameters: {} }, at('tuned'), context);
});
afterAll(() => scratch.remove());

test('a delta is small, and makes the tuned model again but for the loss that it tells', async () => {
  const before = liveTensors();
  const report = await compressDelta({ base: at('base'), model: at('tuned'), bitsPerWeight: 2, baseName: 'tiny' }, at('delta'), context);
  expect(liveTensors()).toBe(before);
  expect(report).toMatchObject({ matrices: 15, exactWeights: 5 });
  expect(report.lostShare).toBeLessThan(0.1);
  expect(report.worst).toHaveLength(2);
  expect(report.ratio).toBeGreaterThan(10);
  expect(Math.abs(Math.log(report.foresight!.restored.perplexity / report.foresight!.tuned.perplexity))).toBeLessThan(Math.abs(Math.log(report.foresight!.base.perplexity / report.foresight!.tuned.perplexity)));

  await restoreDelta({ base: at('base'), delta: at('delta') }, at('restored'), context);
  await using restored = await readModelFolder(at('restored'));
  await using tuned = await readModelFolder(at('tuned'));
  expect(restored.config).toEqual(tuned.config);
  expect(restored.sideFiles).toEqual(tuned.sideFiles);
  // What tuning left alone, and vectors, are the very bytes.
  for (const name of ['model.embed_tokens.weight', 'model.norm.weight', 'model.layers.0.self_attn.k_proj.weight']) expect(await restored.tensors.read(name)).toEqual(await tuned.tensors.read(name));
});

test('more bits lose less', async () => {
  const losses: number[] = [];
  for (const bitsPerWeight of [0.5, 1, 4]) losses.push((await compressDelta({ base: at('base'), model: at('other'), bitsPerWeight, perplexity: false }, at(`bits-${bitsPerWeight}`), context)).lostShare);
  expect(losses).toEqual([...losses].sort((one, other) => other - one));
  expect(losses[0]).toBeLessThanOrEqual(1);
});

test('refuses another base, a folder that is no delta, and precisions that there are not', async () => {
  await compressDelta({ base: at('base'), model: at('tuned'), perplexity: false }, at('known'), context);
  await expect(restoreDelta({ base: at('other'), delta: at('known') }, at('refused'), context)).rejects.toThrow(/expected the base that the delta was taken from; .*other is another model/);
  await expect(restoreDelta({ base: at('base'), delta: at('tuned') }, at('refused'), context)).rejects.toThrow(/expected a folder with delta_config.json/);
  await writeFile(join(at('known'), 'delta_config.json'), '{"format":"tunesmith-delta","version":2}');
  await expect(restoreDelta({ base: at('base'), delta: at('known') }, at('refused'), context)).rejects.toThrow(/version/);
  for (const [options, message] of [[{ bitsPerWeight: 0 }, /bitsPerWeight: expected a number above 0/], [{ groups: [{ rank: 1, bits: 9 }] }, /from 1 to 8 bits; got 9/], [{ groups: [{ rank: 0, bits: 2 }] }, /a rank of at least 1/]] as const) {
    await expect(compressDelta({ base: at('base'), model: at('tuned'), ...options }, at('refused'), context)).rejects.toThrow(message);
  }
});
