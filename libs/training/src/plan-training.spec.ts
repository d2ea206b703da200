import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { liveTensors, setThreads } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { planTraining } from './plan-training.js';
import { plainAdaLora } from './testing/reference-curves.js';
import { plainLora, tinyTraining } from './testing/tiny-training.js';
import { trainModel } from './train-model.js';
import type { TrainOptions } from './train-options.js';

beforeAll(() => setThreads(1));

const quiet = { signal: new AbortController().signal, onProgress: () => undefined };

const configurations: { name: string; changes: Partial<TrainOptions>; model: { hiddenSize: number; layers: number } }[] = [
  { name: 'lora', changes: { batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 3 } },
  { name: 'lora with dropout in bfloat16, two passes a step', changes: { method: { ...plainLora, dropout: 0.1 }, dtype: 'bfloat16', batch: 4, accumulate: 2, steps: 3 }, model: { hiddenSize: 256, layers: 2 } },
  { name: 'adalora, whose ranks go down in the second half', changes: { method: { ...plainAdaLora, warmupRatio: 0.5, finalRatio: 0.25 }, batch: 8, steps: 8 }, model: { hiddenSize: 128, layers: 2 } },
  { name: 'dpo', changes: { objective: { kind: 'dpo', beta: 0.1, sftWeight: 0 }, batch: 4, steps: 4 }, model: { hiddenSize: 128, layers: 2 } },
  { name: 'distill from a live teacher', changes: { objective: { kind: 'distill', divergence: 'forward-kl', temperature: 1, topK: 8, labelShare: 0.5 }, batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 2 } },
  { name: 'full', changes: { method: { kind: 'full' }, batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 3 } },
  { name: 'lora over a base in nf4', changes: { method: { ...plainLora, base: 'nf4' }, dtype: 'bfloat16', batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 2 } },
  { name: 'dora', changes: { method: { ...plainLora, decomposed: true }, dtype: 'bfloat16', batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 2 } },
  { name: 'lisa', changes: { method: { kind: 'lisa', layers: 1, interval: 2 }, batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 3 } },
  { name: 'galore', changes: { method: { kind: 'galore', rank: 16, interval: 2, scale: 1 }, batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 2 } },
  { name: 'full in bfloat16', changes: { method: { kind: 'full' }, dtype: 'bfloat16', batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 3 } },
  { name: 'full by adafactor', changes: { method: { kind: 'full' }, optimizer: { kind: 'adafactor', weightDecay: 0 }, batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 2 } },
  { name: 'full by muon, evaluated', changes: { method: { kind: 'full' }, optimizer: { kind: 'muon', momentum: 0.95, weightDecay: 0.1 }, evaluateEvery: 2, batch: 8, steps: 4 }, model: { hiddenSize: 128, layers: 2 } },
  { name: 'full with noise on embeddings', changes: { method: { kind: 'full' }, neftuneAlpha: 5, batch: 3, epochs: 2 }, model: { hiddenSize: 256, layers: 1 } },
];

// Measured are bytes of tensors, which is what depends on the settings; the process itself and what it keeps come on top.
test.each(configurations)('the peak memory of $name is foreseen within 15 %, also where the trial is smaller than the largest pass', async ({ changes, model }) => {
  await using folder = await temporaryFolder('plan');
  const options = { ...(await tinyTraining(folder.path, changes, model)), ...(changes.objective?.kind === 'distill' && { teacherFolder: join(folder.path, 'model') }) };
  const before = liveTensors();
  const plans = [await planTraining(options, quiet), await planTraining(options, quiet, { operations: 6 * model.layers * model.hiddenSize ** 2 * 5 * 130 })];
  expect(liveTensors()).toBe(before);
  const report = await trainModel(options, join(folder.path, 'out'), quiet);
  for (const plan of plans) {
    const { runtime, kept } = plan.memoryParts;
    const tensors = plan.predictedPeakMemoryBytes - runtime - kept;
    expect(Math.abs(tensors / report.peakMemoryBytes - 1)).toBeLessThan(0.15);
    expect(plan).toMatchObject({ method: report.method, objective: report.objective, rows: report.rows, steps: report.steps, trainableParameters: report.trainableParameters, totalParameters: report.totalParameters });
    expect(plan.tokens / plan.steps).toBe(plan.tokensPerStep);
  }
});

test('steps, epochs and tokens are those of the training', async () => {
  await using folder = await temporaryFolder('plan');
  const options = await tinyTraining(folder.path, { batch: 2, accumulate: 2, epochs: 2 });
  const { steps: _steps, ...byEpochs } = options;
  const plan = await planTraining(byEpochs, quiet);
  // Nine rows to train on: three steps of four, four and one.
  expect(plan).toMatchObject({ rows: 9, steps: 6, epochs: 2 });
  expect((await planTraining({ ...byEpochs, epochs: 1 }, quiet)).tokens * 2).toBe(plan.tokens);
});

test('evaluations are counted, and their time with it', async () => {
  await using folder = await temporaryFolder('plan');
  const options = await tinyTraining(folder.path, { batch: 2, steps: 5 });
  const [without, every] = [await planTraining(options, quiet), await planTraining({ ...options, evaluateEvery: 2 }, quiet)];
  expect(without).toMatchObject({ evaluations: 0, predictedEvaluationSeconds: 0 });
  // Behind the second, the fourth and the last step.
  expect(every.evaluations).toBe(3);
  expect((await trainModel({ ...options, evaluateEvery: 2 }, join(folder.path, 'out'), quiet)).evaluations).toHaveLength(3);
  expect(every.predictedEvaluationSeconds).toBeGreaterThan(0);
  expect(every.predictedSeconds).toBeCloseTo(every.tokens / every.predictedTokensPerSecond + every.predictedEvaluationSeconds);
});

test('what the training would refuse before its first step, its plan refuses too', async () => {
  await using folder = await temporaryFolder('plan');
  const before = liveTensors();
  const refused = async (changes: Partial<TrainOptions>) => planTraining(await tinyTraining(folder.path, changes), quiet).catch((error: unknown) => error);
  expect(await refused({ learningRate: 0 })).toMatchObject({ code: 'bad-settings', message: expect.stringContaining('got 0') });
  expect(await refused({ maxLength: 8 })).toMatchObject({ code: 'row-too-long' });
  // Ranks have no step to go down in.
  expect(await refused({ method: { ...plainAdaLora, warmupRatio: 0.4, finalRatio: 0.4 }, steps: 2 })).toMatchObject({ code: 'adalora-options', message: expect.stringContaining('2 steps have none') });
  const options = await tinyTraining(folder.path, { evaluateEvery: 2 });
  await writeFile(join(options.datasetFolder, 'rows.jsonl'), '{"messages":[{"role":"user","content":"Where?"},{"role":"assistant","content":"There."}],"split":"train"}\n');
  expect(await planTraining(options, quiet).catch((error: unknown) => error)).toMatchObject({ code: 'nothing-to-evaluate' });
  expect(liveTensors()).toBe(before);
});
