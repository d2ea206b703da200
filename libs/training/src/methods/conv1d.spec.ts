import { openSafetensors, readAdapter, readModelFolder } from '@tunesmith/checkpoints';
import { mergeModels } from '@tunesmith/merging';
import { loadModel, type CausalLanguageModel } from '@tunesmith/models';
import { LoraLinear, packTokens } from '@tunesmith/nn';
import { noGrad, ops, randn, RandomGenerator, scope, setThreads } from '@tunesmith/tensor';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { full } from './full.js';
import { lora } from './lora.js';

/** GPT-2 stores its linears transposed: what is written must lie as it was read. */
const fixture = fileURLToPath(new URL('../../../../tests/parity/fixtures/families/gpt2-new-gelu', import.meta.url));
let folder: string;

beforeAll(async () => {
  setThreads(1);
  folder = await mkdtemp(join(tmpdir(), 'tunesmith-conv1d-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('fully tuned weights are stored as the base stores them', async () => {
  const loaded = await loadModel(fixture, { dtype: 'float32' });
  const out = join(folder, 'full');
  await full({ kind: 'full' }, { modelFolder: fixture }).save(loaded.model, loaded, out);
  expect(await bytesOf(out)).toEqual(await bytesOf(fixture));
  loaded.model[Symbol.dispose]();
});

test('an adapter says fan_in_fan_out, and folded into its base it is the tuned model', async () => {
  const method = lora({ kind: 'lora', rank: 2, alpha: 4, dropout: 0, targetModules: 'all-linear', rankStabilized: false, decomposed: false, initialization: 'zero', learningRateRatio: 1, base: 'as-is' }, { dtype: 'float32', seed: 3 });
  const loaded = await loadModel(fixture, { dtype: 'float32', parts: method.parts });
  const tuned = loaded.model;
  scope(() =>
    noGrad(() => {
      for (const module of tuned.modules()) if (module instanceof LoraLinear) ops.copyInPlace(module.loraB, ops.mulScalar(randn(module.loraB.shape, { generator: new RandomGenerator(5) }), 0.2));
    }),
  );
  const adapter = join(folder, 'adapter');
  await method.save(tuned, loaded, adapter);
  await using written = await readAdapter(adapter);
  expect(written.config).toMatchObject({ fanInFanOut: true, targetModules: ['c_attn', 'c_fc', 'c_proj'] });

  const merged = join(folder, 'merged');
  await mergeModels({ base: fixture, adapter, models: [], method: 'lora-fold', parameters: {} }, merged, { signal: new AbortController().signal, onProgress() {} });
  const { model } = await loadModel(merged, { dtype: 'float32' });
  const [expected, actual] = [logitsOf(tuned), logitsOf(model)];
  actual.forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? NaN, 4));
  for (const each of [tuned, model]) each[Symbol.dispose]();
});

function logitsOf(model: CausalLanguageModel): number[] {
  return scope(() => noGrad(() => model.logits(model.hidden(packTokens([[3, 1, 4, 1, 5, 9, 2, 6]]))).toArray()));
}

async function bytesOf(path: string): Promise<Record<string, string>> {
  await using model = await readModelFolder(path);
  await using source = await openSafetensors(path);
  expect(model.config.model_type).toBe('gpt2');
  const entries = Array.from(source.names(), async (name) => [name, `${source.info(name).shape.join()} ${Buffer.from(await source.read(name)).toString('hex')}`] as const);
  return Object.fromEntries(await Promise.all(entries));
}
