import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setThreads, type WorkProgress } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { plainLora, tinyTraining } from './testing/tiny-training.js';
import { trainModel } from './train-model.js';
import type { TrainOptions } from './train-options.js';

beforeAll(() => setThreads(1));

const quiet = { signal: new AbortController().signal, onProgress: () => undefined };

test('a stopped training leaves a checkpoint and goes on from it; the report and the plot are those of the whole', async () => {
  await using folder = await temporaryFolder('train-model');
  const options = await tinyTraining(folder.path, { steps: 8 });
  const places = (writer: string) => ({ checkpoints: { folder: join(folder.path, 'checkpoints'), writer, inputs: {} }, reportFolder: join(folder.path, 'report') });
  const stopping = new AbortController();
  const onProgress = ({ phase, done }: WorkProgress): void => {
    if (phase === 'train' && done === 3) stopping.abort(new Error('enough'));
  };
  await expect(trainModel(options, join(folder.path, 'out'), { signal: stopping.signal, onProgress }, places('a'))).rejects.toThrow('enough');

  const seen: WorkProgress[] = [];
  const report = await trainModel(options, join(folder.path, 'out'), { ...quiet, onProgress: (progress) => void seen.push(progress) }, places('b'));
  expect(seen.filter(({ phase }) => phase === 'train').map(({ done }) => done)).toEqual([4, 5, 6, 7, 8]);
  expect(seen.at(-2)!.metrics).toEqual({ loss: expect.any(Number), gradientNorm: expect.any(Number), learningRate: expect.any(Number), tokensPerSecond: expect.any(Number), memoryBytes: expect.any(Number), tensorBytes: expect.any(Number) });
  expect(report.loss).toHaveLength(8);
  expect(report.processorSecondsPerRow).toBeGreaterThan(0);
  expect(report).toEqual(await trainModel(options, join(folder.path, 'whole'), quiet).then((whole) => ({ ...whole, tokensPerSecond: report.tokensPerSecond, rowsPerSecond: report.rowsPerSecond, processorSecondsPerRow: report.processorSecondsPerRow, seconds: report.seconds, peakMemoryBytes: report.peakMemoryBytes })));
  expect((await readdir(join(folder.path, 'report'))).sort()).toEqual(['loss.svg', 'report.json']);
  expect(JSON.parse(await readFile(join(folder.path, 'report/report.json'), 'utf8'))).toMatchObject({ settings: { seed: 7 }, plannedSteps: 8, steps: 8 });
});

const settings: Record<string, Partial<TrainOptions>> = {
  'DoRA with dropout': { method: { ...plainLora, decomposed: true, dropout: 0.2 } },
  'LoRA+ over a base in nf4': { method: { ...plainLora, learningRateRatio: 16, base: 'nf4', dropout: 0.1 } },
  PiSSA: { method: { ...plainLora, initialization: 'pissa' } },
  'OLoRA, rank-stabilized': { method: { ...plainLora, initialization: 'olora', rankStabilized: true } },
  AdaLoRA: { method: { kind: 'adalora', initialRank: 6, targetRank: 3, alpha: 16, dropout: 0, targetModules: 'all-linear', warmupRatio: 0.1, finalRatio: 0.2, interval: 2, beta1: 0.85, beta2: 0.85, orthogonality: 0.5 } },
  LISA: { method: { kind: 'lisa', layers: 1, interval: 2 } },
  'LISA with Adafactor': { method: { kind: 'lisa', layers: 1, interval: 5 }, optimizer: { kind: 'adafactor', weightDecay: 0 } },
  GaLore: { method: { kind: 'galore', rank: 4, interval: 3, scale: 1 } },
  Adafactor: { method: { kind: 'full' }, optimizer: { kind: 'adafactor', weightDecay: 0.1 } },
  Muon: { method: { kind: 'full', freeze: ['embed'] }, optimizer: { kind: 'muon', momentum: 0.95, weightDecay: 0 } },
  'full in bfloat16': { method: { kind: 'full' }, dtype: 'bfloat16' },
  'evaluated until nothing gets better, the best kept': { method: { kind: 'full' }, steps: 40, learningRate: 5e-2, schedule: 'constant', warmupRatio: 0, evaluateEvery: 1, patience: 3, keep: 'best' },
  DPO: { objective: { kind: 'dpo', beta: 0.1, sftWeight: 0.5 } },
  'full with noise on embeddings, two passes': { method: { kind: 'full' }, neftuneAlpha: 5, accumulate: 2, packing: true, maxLength: 128 },
};

test.each(Object.keys(settings))('%s: stopped and gone on with, the result is that of a training that was not stopped, bit for bit', async (name) => {
  await using folder = await temporaryFolder('train-model');
  const options = await tinyTraining(folder.path, { steps: 8, ...settings[name] });
  const place = (writer: string) => ({ checkpoints: { folder: join(folder.path, 'checkpoints'), writer, inputs: {} } });
  await trainModel(options, join(folder.path, 'whole'), quiet);
  for (const stopAt of [3, 4, 6]) {
    const stopping = new AbortController();
    const onProgress = ({ phase, done }: WorkProgress): void => void (phase === 'train' && done === stopAt && stopping.abort(new Error('enough')));
    await expect(trainModel(options, join(folder.path, 'stopped'), { signal: stopping.signal, onProgress }, place(`until-${stopAt}`))).rejects.toThrow('enough');
  }
  await trainModel(options, join(folder.path, 'stopped'), quiet, place('last'));
  for (const file of (await readdir(join(folder.path, 'whole'))).filter((each) => each.endsWith('.safetensors'))) {
    expect((await readFile(join(folder.path, 'stopped', file))).equals(await readFile(join(folder.path, 'whole', file)))).toBe(true);
  }
});

test('evaluations stop a training that gets no better, and the best weights are the result', async () => {
  await using folder = await temporaryFolder('train-model');
  // So fast that it soon knows the training rows by heart and the others less and less.
  const options = await tinyTraining(folder.path, { method: { kind: 'full' }, steps: 200, learningRate: 2e-2, schedule: 'constant', warmupRatio: 0, evaluateEvery: 4, patience: 3, keep: 'best' });
  const report = await trainModel(options, join(folder.path, 'out'), quiet);
  expect(report.stoppedEarly).toBe(true);
  const losses = report.evaluations!.map(({ loss }) => loss);
  expect(report.keptStep).toBe(report.evaluations![losses.indexOf(Math.min(...losses))]!.step);
  expect(report.keptStep).toBe(report.steps - 12);
  // The best checkpoint waited beside the result, and is gone.
  expect((await readdir(folder.path)).sort()).toEqual(['dataset', 'model', 'out']);

  const untilBest = await trainModel({ ...options, steps: report.keptStep!, keep: 'last' }, join(folder.path, 'until'), quiet);
  expect(untilBest.evaluations!.at(-1)).toEqual({ step: report.keptStep, loss: Math.min(...losses) });
  expect((await readFile(join(folder.path, 'until/model.safetensors'))).equals(await readFile(join(folder.path, 'out/model.safetensors')))).toBe(true);
});

test('a loss that is not finite stops the training with its step, and the batch is kept', async () => {
  await using folder = await temporaryFolder('train-model');
  const options = await tinyTraining(folder.path, { method: { kind: 'full' }, learningRate: 1e30, maxGradientNorm: 1e30, schedule: 'constant', warmupRatio: 0 });
  const error = await trainModel(options, join(folder.path, 'out'), quiet).catch((thrown: unknown) => thrown as { code: string; message: string; facts: { step: number; rows: number[]; batch: string } });
  expect(error).toMatchObject({ code: 'loss-not-finite', facts: { step: 2, batch: join(folder.path, 'out.failed/step-2.json') } });
  const { facts } = error as { facts: { batch: string; rows: number[] } };
  const kept = JSON.parse(await readFile(facts.batch, 'utf8')) as { rows: { row: number; parts: { text: string }[] }[] };
  expect(kept.rows.map(({ row }) => row)).toEqual(facts.rows);
  expect(kept.rows[0]!.parts[0]!.text).toContain('How many boats are');
  expect(existsSync(join(folder.path, 'out'))).toBe(false);
});
