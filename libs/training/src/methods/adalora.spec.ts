import { readAdapter } from '@tunesmith/checkpoints';
import { mergeModels } from '@tunesmith/merging';
import { loadModel, type CausalLanguageModel } from '@tunesmith/models';
import { packTokens } from '@tunesmith/nn';
import { noGrad, scope, setThreads } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { expectCurve, plainAdaLora, putStart, references, startTinyRun, tinyModelFolder } from '../testing/reference-curves.js';
import type { AdaLoraOptions } from '../train-options.js';
import { adalora } from './adalora.js';
import { budgetPhases } from './rank-allocator.js';

beforeAll(() => setThreads(1));

const { settings, start, kept } = references.adalora;
const { warmupSteps, finalSteps, ...numbers } = settings;
const steps = references.adalora.loss.length;
const asReference = { ...plainAdaLora, ...numbers, targetModules: references.adapter.targetModules, warmupRatio: warmupSteps / steps, finalRatio: finalSteps / steps };
const method = (changes: Partial<AdaLoraOptions> = {}) => adalora({ ...asReference, ...changes }, { dtype: 'float32', seed: 1 });

test('follows PEFT for thirty steps, keeps the same singular values, and is saved as a LoRA adapter that is the tuned model', async () => {
  await using folder = await temporaryFolder();
  const tuning = method();
  using run = await startTinyRun(tuning);
  putStart(run.model, start);
  expectCurve(run, references.adalora);

  await tuning.save(run.model, run.loaded, `${folder.path}/adapter`);
  {
    await using adapter = await readAdapter(`${folder.path}/adapter`);
    const expected = Object.fromEntries(Object.entries(kept).map(([path, mask]) => [path, mask.filter(Boolean).length]));
    expect(adapter.config.rankPattern).toEqual(expected);
    expect(Object.values(expected).reduce((sum, rank) => sum + rank, 0)).toBe(settings.targetRank * Object.keys(expected).length);
  }
  await mergeModels({ base: tinyModelFolder, adapter: `${folder.path}/adapter`, models: [], method: 'lora-fold', parameters: {} }, `${folder.path}/merged`, { signal: new AbortController().signal, onProgress() {} });
  using merged = (await loadModel(`${folder.path}/merged`, { dtype: 'float32' })).model;
  const [tuned, folded] = [logits(run.model), logits(merged)];
  folded.forEach((number, index) => expect(Math.abs(number - tuned[index]!)).toBeLessThan(1e-4));
});

test('what it remembers is all that it goes on by', async () => {
  const tuning = method();
  using whole = await startTinyRun(tuning);
  putStart(whole.model, start);
  for (let step = 0; step < 12; step += 1) whole.step(step);
  const remembered = new Map([...tuning.state!()].map(([name, tensor]) => [name, tensor.toBytes()]));
  expect(remembered.size).toBe(7 * Object.keys(kept).length);

  const second = method();
  using _resumed = await startTinyRun(second);
  for (const [name, bytes] of remembered) second.state!().get(name)!.writeBytes(bytes);
  expect([...second.state!().values()].map((tensor) => tensor.toArray())).toEqual([...tuning.state!().values()].map((tensor) => tensor.toArray()));
});

test('phases are whole steps', () => {
  expect(budgetPhases({ warmupRatio: 0.1, finalRatio: 0.3 }, 30)).toEqual({ from: 3, until: 21 });
});

test('ranks that cannot shrink, phases without room and ranks above a smaller side are refused', async () => {
  expect(() => method({ targetRank: 5 })).toThrow(expect.objectContaining({ code: 'adalora-options' }));
  expect(() => method({ warmupRatio: 0.6, finalRatio: 0.4 })).toThrow(expect.objectContaining({ code: 'adalora-options' }));
  await expect(startTinyRun(method({ initialRank: 500 }))).rejects.toMatchObject({ code: 'rank-too-large' });
  await expect(startTinyRun(method({ targetModules: ['q_prj'] }))).rejects.toMatchObject({ code: 'unknown-target-modules' });
  using run = await startTinyRun(method({ warmupRatio: 0.45, finalRatio: 0.5 }), { steps: 2 });
  expect(() => run.step(0)).toThrow(expect.objectContaining({ code: 'adalora-options' }));
});

function logits(model: CausalLanguageModel): number[] {
  return scope(() => noGrad(() => model.logits(model.hidden(packTokens([[3, 1, 4, 1, 5, 9, 2, 6]]))).toArray()));
}
