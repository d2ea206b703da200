import { adapterTensorName, readAdapter } from '@tunesmith/checkpoints';
import { mergeModels } from '@tunesmith/merging';
import { loadModel } from '@tunesmith/models';
import { DoraLinear, LoraLinear, QuantizedLinear } from '@tunesmith/nn';
import { fromBytes, noGrad, ops, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { expectCurve, plainLora, putStart, references, startTinyRun, tinyModelFolder } from '../testing/reference-curves.js';
import type { LoraOptions } from '../train-options.js';
import { lora } from './lora.js';

beforeAll(() => setThreads(1));

const { rank, alpha, targetModules, start } = references.adapter;
const method = (changes: Partial<LoraOptions> = {}) => lora({ ...plainLora, rank, alpha, targetModules, ...changes }, { dtype: 'float32', seed: 1 });

describe('follows PEFT for thirty steps', () => {
  test.each<[string, Partial<LoraOptions>, 'lora' | 'rslora' | 'dora' | 'loraplus']>([
    ['LoRA', {}, 'lora'],
    ['rsLoRA', { rankStabilized: true }, 'rslora'],
    ['DoRA', { decomposed: true }, 'dora'],
    ['LoRA+', { learningRateRatio: references.loraplus.ratio }, 'loraplus'],
  ])('%s, from the same A and B', async (_, changes, curve) => {
    using run = await startTinyRun(method(changes));
    putStart(run.model, start);
    expectCurve(run, references[curve]);
  });

  test.each(['pissa', 'olora'] as const)('%s, from the weight', async (initialization) => {
    using run = await startTinyRun(method({ initialization }));
    expectCurve(run, references[initialization]);
  });
});

describe('what is saved fits the model as it was', () => {
  test.each<[string, Partial<LoraOptions>, number, number]>([
    ['LoRA', {}, 2, 6],
    ['rsLoRA', { rankStabilized: true }, 2, 6],
    ['DoRA', { decomposed: true }, 2, 6],
    ['PiSSA', { initialization: 'pissa' }, 4, 12],
    ['OLoRA, rank-stabilized', { initialization: 'olora', rankStabilized: true }, 4, 6 * Math.SQRT2],
  ])('%s', async (_, changes, savedRank, savedAlpha) => {
    await using folder = await temporaryFolder();
    const tuning = method(changes);
    using run = await startTinyRun(tuning);
    for (let step = 0; step < 3; step += 1) run.step(step, 1e-2);
    await tuning.save(run.model, run.loaded, folder.path);
    const outFolder = `${folder.path}/merged`;
    await mergeModels({ base: tinyModelFolder, adapter: folder.path, models: [], method: 'lora-fold', parameters: {} }, outFolder, { signal: new AbortController().signal, onProgress() {} });
    using merged = (await loadModel(outFolder, { dtype: 'float32' })).model;
    await using adapter = await readAdapter(folder.path);
    expect(adapter.config).toMatchObject({ rank: savedRank, useDora: changes.decomposed ?? false, useRslora: changes.rankStabilized ?? false, targetModules: ['down_proj', 'q_proj'] });
    expect(adapter.config.alpha).toBeCloseTo(savedAlpha, 9);
    using base = (await loadModel(tinyModelFolder, { dtype: 'float32' })).model;
    for (const linear of run.model.modules()) {
      if (!(linear instanceof LoraLinear || linear instanceof DoraLinear)) continue;
      const read = async (role: 'a' | 'b' | 'magnitude') => {
        const name = adapterTensorName(linear.path, role);
        return fromBytes(await adapter.tensors.read(name), { shape: adapter.tensors.info(name).shape, dtype: 'float32' });
      };
      const [a, b] = [await read('a'), await read('b')];
      const magnitude = linear instanceof DoraLinear ? await read('magnitude') : null;
      const scaling = savedAlpha / (changes.rankStabilized ? Math.sqrt(savedRank) : savedRank);
      noGrad(() => scope(() => {
        const whole = base.parameters().get(`${linear.path}.weight`)!;
        expectClose(merged.parameters().get(`${linear.path}.weight`)!, linear.merged());
        expectClose(folded(ops.toDevice(whole, 'cpu', 'float32'), { a, b, magnitude, scaling }), ops.toDevice(linear.merged(), 'cpu', 'float32'));
        expect(ops.amax(ops.abs(ops.sub(linear.merged(), whole))).item()).toBeGreaterThan(1e-3); // it learned something
      }));
      for (const tensor of [a, b, magnitude]) tensor?.dispose();
    }
  });
});

describe.each(['int8', 'nf4'] as const)('over a base in %s', (base) => {
  test.each<[string, Partial<LoraOptions>]>([['LoRA', {}], ['DoRA', { decomposed: true }]])('%s steps as over the same base written out', async (_, changes) => {
    using run = await startTinyRun(method({ ...changes, base, targetModules: 'all-linear' }));
    const written = new Map(noGrad(() => [...run.model.modules()].flatMap((module) => (module instanceof QuantizedLinear ? [[module.path, module.weight] as const] : []))));
    expect(written.size).toBe(14);
    const over = method({ ...changes, targetModules: 'all-linear' });
    using plain = await startTinyRun({ ...over, initialize(model) {
      for (const [path, weight] of written) ops.copyInPlace(model.parameters().get(`${path}.weight`)!, weight);
      over.initialize?.(model);
    } });
    for (let step = 0; step < 4; step += 1) {
      const [actual, expected] = [run.step(step), plain.step(step)];
      expect(Math.abs(actual.loss - expected.loss)).toBeLessThan(1e-5);
      expect(Math.abs(actual.gradientNorm - expected.gradientNorm)).toBeLessThan(1e-4 * expected.gradientNorm);
    }
    for (const weight of written.values()) weight.dispose();
  });
});

describe('wrong use', () => {
  test('targets that the model does not have are told apart, with those that it has', async () => {
    await expect(startTinyRun(method({ targetModules: ['q_proj', 'o_prjo', 'w1'] }))).rejects.toMatchObject({ code: 'unknown-target-modules', message: expect.stringMatching(/q_proj, k_proj.*; o_prjo, w1 name none. Try o_proj/) });
  });

  test('DoRA begins at zero, and what begins from the weight has no rank above its smaller side', async () => {
    expect(() => method({ decomposed: true, initialization: 'pissa' })).toThrow(expect.objectContaining({ code: 'lora-options' }));
    expect(() => method({ base: 'nf4', initialization: 'olora' })).toThrow(expect.objectContaining({ code: 'lora-options' }));
    await expect(startTinyRun(method({ rank: 500, initialization: 'olora' }))).rejects.toMatchObject({ code: 'rank-too-large', message: expect.stringContaining('got 500') });
  });
});

function folded(weight: Tensor, { a, b, magnitude, scaling }: { a: Tensor; b: Tensor; magnitude: Tensor | null; scaling: number }): Tensor {
  const direction = ops.addmm(weight, b, a, 1, scaling);
  if (!magnitude) return direction;
  const norms = ops.sqrt(ops.sum(ops.square(direction), 1));
  return ops.mul(direction, ops.unsqueeze(ops.div(magnitude, norms), 1));
}

function expectClose(actual: Tensor, expected: Tensor): void {
  expect(ops.amax(ops.abs(ops.sub(actual, expected))).item()).toBeLessThan(2e-6);
}
