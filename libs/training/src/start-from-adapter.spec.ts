import { join } from 'node:path';
import { adapterTensorName, loraAdapterConfig, writeAdapter } from '@tunesmith/checkpoints';
import { loadForInference } from '@tunesmith/generation';
import { loadModel } from '@tunesmith/models';
import { liveTensors, noGrad, ops, scope, setThreads } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { evaluateLoss } from './evaluate-loss.js';
import { loadTrainee } from './load-trainee.js';
import { lora } from './methods/lora.js';
import { objectiveFor } from './objectives.js';
import { startFromAdapter } from './start-from-adapter.js';
import { expectCurve, plainLora, references, startTinyRun, tinyModelFolder } from './testing/reference-curves.js';
import { tinyTraining } from './testing/tiny-training.js';
import { trainModel } from './train-model.js';
import { readMaterial } from './training-material.js';
import type { LoraOptions } from './train-options.js';

const context = { signal: new AbortController().signal, onProgress: () => undefined };
const { rank, alpha, targetModules, start } = references.adapter;

let root: AsyncDisposable & { path: string };
beforeAll(async () => {
  setThreads(1);
  root = await temporaryFolder('start');
});
afterAll(() => root?.[Symbol.asyncDispose]());

/** The references' A and B as a PEFT folder; of DoRA with the norms of the weights, as PEFT begins. */
async function referenceAdapter({ rankStabilized = false, decomposed = false }: Partial<LoraOptions>): Promise<string> {
  const folder = join(root.path, `adapter-${rankStabilized}-${decomposed}`);
  using model = (await loadModel(tinyModelFolder, { dtype: 'float32' })).model;
  const bytesOf = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
  const pairs = Object.entries(start).map(([name, values]) => ({ name: `base_model.model.${name}`, dtype: 'F32', shape: name.includes('lora_A') ? [rank, values.length / rank] : [values.length / rank, rank], bytes: bytesOf(values) }));
  const magnitudes = decomposed ? pairs.filter(({ name }) => name.endsWith('lora_B.weight')).map(({ name, shape }) => {
    const module = name.slice('base_model.model.'.length, -'.lora_B.weight'.length);
    const norms = scope(() => noGrad(() => ops.sqrt(ops.sum(ops.square(model.parameters().get(`${module}.weight`)!), 1)).toArray()));
    return { name: adapterTensorName(module, 'magnitude'), dtype: 'F32', shape: [shape[0]!], bytes: bytesOf(norms) };
  }) : [];
  await writeAdapter(folder, { config: loraAdapterConfig({ rank, alpha, targetModules, baseModel: null, useRslora: rankStabilized, useDora: decomposed }), tensors: [...pairs, ...magnitudes] });
  return folder;
}

test.each<[string, Partial<LoraOptions>, 'lora' | 'rslora' | 'dora']>([
  ['LoRA', {}, 'lora'],
  ['rsLoRA', { rankStabilized: true }, 'rslora'],
  ['DoRA', { decomposed: true }, 'dora'],
])('%s goes on from an adapter as PEFT does, for thirty steps', async (_what, changes, curve) => {
  const method: LoraOptions = { ...plainLora, rank, alpha, targetModules, ...changes };
  using run = await startTinyRun(lora(method, { dtype: 'float32', seed: 1 }));
  await startFromAdapter(run.model, await referenceAdapter(changes), method);
  expectCurve(run, references[curve]);
});

test('the first loss is that of the model with its adapter, and the optimizer is new', async () => {
  const options = await tinyTraining(join(root.path, 'training'), { steps: 6, batch: 9, order: 'file' });
  const first = join(root.path, 'first');
  await trainModel(options, first, context);
  const report = await trainModel({ ...options, adapterFolder: first, steps: 2 }, join(root.path, 'second'), context);
  const objective = objectiveFor(await readMaterial(options));
  const { examples } = await objective.examples('train');
  expect(examples).toHaveLength(9);
  const lossOf = async (adapterFolder?: string): Promise<number> => {
    using loaded = await loadForInference(options.modelFolder, { dtype: 'float32', adapterFolder });
    return evaluateLoss(loaded.model, objective, examples, options, context);
  };
  expect(Math.abs(report.loss[0]! - (await lossOf(first)))).toBeLessThan(1e-5);
  expect(await lossOf()).toBeGreaterThan(report.loss[0]! + 1e-3);

  using trainee = await loadTrainee({ ...options, adapterFolder: first }, objective);
  const state = [...trainee.optimizer.state().values()];
  expect(state.length).toBeGreaterThan(0);
  expect(state.every((tensor) => scope(() => ops.sumAll(ops.abs(tensor), 'float32').item()) === 0)).toBe(true);
});

describe('an adapter that is not what the method makes is refused with both', () => {
  test.each<[string, Partial<LoraOptions>, RegExp]>([
    ['another rank', { rank: 4 }, /rank 4, scaling 1\.5, LoRA; it is rank 2, scaling 3, LoRA at model\.layers\.0.*Ask for a rank of 2, an alpha of 6/],
    ['another alpha', { alpha: 8 }, /scaling 4, LoRA; it is rank 2, scaling 3/],
    ['DoRA', { decomposed: true }, /rank 2, scaling 3, DoRA; it is rank 2, scaling 3, LoRA/],
    ['other targets', { targetModules: ['q_proj', 'k_proj'] }, /4 \(k_proj, q_proj\); it updates 4 \(down_proj, q_proj\)/],
  ])('%s', async (_what, changes, message) => {
    const method: LoraOptions = { ...plainLora, rank, alpha, targetModules, ...changes };
    using run = await startTinyRun(lora(method, { dtype: 'float32', seed: 1 }));
    await expect(startFromAdapter(run.model, await referenceAdapter({}), method)).rejects.toMatchObject({ code: 'adapter-differs', message: expect.stringMatching(message) });
  });

  test('another method, and nothing stays in memory', async () => {
    const options = await tinyTraining(join(root.path, 'refused'));
    const live = liveTensors();
    const adapterFolder = await referenceAdapter({});
    await expect(trainModel({ ...options, adapterFolder, method: { kind: 'full' } }, join(root.path, 'none'), context)).rejects.toMatchObject({ code: 'bad-settings', message: expect.stringContaining('expected the method lora') });
    await expect(trainModel({ ...options, adapterFolder }, join(root.path, 'none'), context)).rejects.toMatchObject({ code: 'adapter-differs' });
    expect(liveTensors()).toBe(live);
  });
});
