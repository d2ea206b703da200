import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setThreads } from '@tunesmith/tensor';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { tinyTraining } from './testing/tiny-training.js';
import { trainModel } from './train-model.js';
import type { ObjectiveOptions, TrainOptions, TrainReport } from './train-options.js';

beforeAll(() => setThreads(1));

const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
const sizes = Array.from({ length: 12 }, (_, index) => (index * 7) % 12);
const said = (size: number): string => `Thought: ${size}\nAction: count\nObservation: boats${' and more'.repeat(size % 5)}`;

/** An objective with rows that it learns from. */
const cases: readonly (readonly [name: string, objective: ObjectiveOptions, row: (size: number) => object])[] = [
  ['sft', { kind: 'sft', lossScale: 'default' }, (size) => ({ messages: [{ role: 'user', content: `${size}?` }, { role: 'assistant', content: said(size) }] })],
  ['sft by a loss scale', { kind: 'sft', lossScale: 'react' }, (size) => ({ messages: [{ role: 'user', content: `${size}?` }, { role: 'assistant', content: said(size) }] })],
  ['pretrain', { kind: 'pretrain' }, (size) => ({ text: said(size) })],
  ['dpo', { kind: 'dpo', beta: 0.1, sftWeight: 0.3 }, (size) => ({ messages: [{ role: 'user', content: `${size}?` }, { role: 'assistant', content: said(size) }], rejected: `no${'.'.repeat(size)}` })],
  ['distill', { kind: 'distill', divergence: 'forward-kl', temperature: 2, topK: 5, labelShare: 0.4 }, (size) => ({ messages: [{ role: 'user', content: `${size}?` }, { role: 'assistant', content: said(size) }] })],
];

async function prepare(folder: string, objective: ObjectiveOptions, row: (size: number) => object): Promise<TrainOptions> {
  const options = await tinyTraining(folder, { objective, steps: 5, batch: 4, learningRate: 1e-2, order: 'file' });
  await writeFile(join(options.datasetFolder, 'rows.jsonl'), sizes.map((size, index) => `${JSON.stringify({ ...row(size), split: index % 6 === 5 ? 'validation' : 'train' })}\n`).join(''));
  if (objective.kind !== 'distill') return options;
  await writeTinyModel(join(folder, 'teacher'), { seed: 2, hiddenSize: 64 });
  return { ...options, teacherFolder: join(folder, 'teacher') };
}

const close = (actual: readonly number[], expected: readonly number[]): void => actual.forEach((loss, step) => expect(Math.abs(loss - expected[step]!)).toBeLessThan(1e-4));

describe.each(cases)('%s', (_name, objective, row) => {
  test('an accumulated step is one big batch: the same losses, step by step', async () => {
    await using folder = await temporaryFolder('objectives');
    const options = await prepare(folder.path, objective, row);
    const whole = await trainModel({ ...options, evaluateEvery: 5 }, join(folder.path, 'whole'), quiet);
    for (const [batch, accumulate] of [[1, 4], [2, 2]] as const) {
      const parts = await trainModel({ ...options, batch, accumulate }, join(folder.path, `parts-${batch}`), quiet);
      close(parts.loss, whole.loss);
    }
    expect(whole.loss.at(-1)!).toBeLessThan(whole.loss[0]!);
    expect(whole.evaluations).toEqual([{ step: 5, loss: expect.any(Number) }]);
  });

  test('a run that stopped and went on has the losses of one that did not', async () => {
    await using folder = await temporaryFolder('objectives');
    const options = await prepare(folder.path, objective, row);
    const whole = await trainModel(options, join(folder.path, 'whole'), quiet);
    const stopping = new AbortController();
    const places = (writer: string) => ({ checkpoints: { folder: join(folder.path, 'checkpoints'), writer, inputs: {} } });
    const onProgress = ({ phase, done }: { phase: string; done: number }): void => {
      if (phase === 'train' && done === 2) stopping.abort(new Error('enough'));
    };
    await expect(trainModel(options, join(folder.path, 'out'), { signal: stopping.signal, onProgress }, places('a'))).rejects.toThrow('enough');
    expect((await trainModel(options, join(folder.path, 'out'), quiet, places('b'))).loss).toEqual(whole.loss);
  });
});

test('packs train like rows do, and say how full they are', async () => {
  await using folder = await temporaryFolder('objectives');
  const [, objective, row] = cases[0]!;
  const options = await prepare(folder.path, objective, row);
  const report = await trainModel({ ...options, packing: true, batch: 1, maxLength: 256, steps: 3 }, join(folder.path, 'out'), quiet);
  expect(report.packingFill).toBeGreaterThan(0.5);
  expect(report.loss.every(Number.isFinite)).toBe(true);
  const dropped = await trainModel({ ...options, longRows: 'drop', maxLength: 90, steps: 1 }, join(folder.path, 'dropped'), quiet);
  expect(dropped.longRows!.dropped).toBe(10 - dropped.rows);
  expect(dropped.longRows!.dropped).toBeGreaterThan(0);
});

test.each([
  [{ learningRate: 0 }, /learningRate: expected a number above 0; got 0/],
  [{ learningRate: -1e-4 }, /got -0.0001/],
  [{ learningRate: Number.NaN }, /got NaN/],
  [{ patience: 2 }, /patience: expected evaluateEvery beside it/],
  [{ keep: 'best' }, /keep best: expected evaluateEvery beside it/],
  [{ teacherFolder: 'x' }, /teacher: expected the objective distill/],
] as const)('refuses %j before it reads anything', async (changes, message) => {
  await using folder = await temporaryFolder('objectives');
  const options = await tinyTraining(folder.path, changes);
  await expect(trainModel({ ...options, modelFolder: 'nowhere' }, join(folder.path, 'out'), quiet)).rejects.toMatchObject({ code: 'bad-settings', message: expect.stringMatching(message) });
});

test('says what an objective needs that is not there', async () => {
  await using folder = await temporaryFolder('objectives');
  const [, , row] = cases[0]!;
  const train = async (objective: ObjectiveOptions, changes: Partial<TrainOptions> = {}): Promise<unknown> => trainModel({ ...(await prepare(folder.path, objective, row)), ...changes }, join(folder.path, 'out'), quiet);
  await expect(train({ kind: 'pretrain' })).rejects.toMatchObject({ code: 'not-plain-text' });
  await expect(train({ kind: 'dpo', beta: 0.1, sftWeight: 0 })).rejects.toMatchObject({ code: 'not-a-preference' });
  await expect(train({ kind: 'sft', lossScale: 'reakt' })).rejects.toMatchObject({ code: 'unknown-loss-scale' });
  await expect(train({ kind: 'ppo' } as never)).rejects.toMatchObject({ code: 'unknown-objective', message: expect.stringContaining('sft, pretrain, dpo, distill; got ppo') });
});

describe('of an encoder-decoder', () => {
  const modelFolder = join(import.meta.dirname, '../../../tests/parity/fixtures/encoder-decoder');
  const train = async (folder: string, objective: ObjectiveOptions, row: (size: number) => object, changes: Partial<TrainOptions> = {}): Promise<TrainReport> =>
    trainModel({ ...(await prepare(folder, objective, row)), modelFolder, method: { kind: 'full' }, ...changes }, join(folder, `out-${changes.batch ?? 4}`), quiet);

  test.each(cases.filter(([, { kind }]) => kind === 'sft' || kind === 'dpo'))('%s: learns, and an accumulated step is one big batch', async (_name, objective, row) => {
    await using folder = await temporaryFolder('objectives');
    const whole = await train(folder.path, objective, row);
    close((await train(folder.path, objective, row, { batch: 1, accumulate: 4 })).loss, whole.loss);
    expect(whole.loss.at(-1)!).toBeLessThan(whole.loss[0]!);
  });

  test.each(['forward-kl', 'reverse-kl'] as const)('distill: a student is no distance from itself, %s', async (divergence) => {
    await using folder = await temporaryFolder('objectives');
    const report = await train(folder.path, { kind: 'distill', divergence, temperature: 1, topK: 0, labelShare: 0 }, cases[0]![2], { teacherFolder: modelFolder, steps: 1 });
    expect(Math.abs(report.loss[0]!)).toBeLessThan(1e-6);
  });

  test('pretrain is refused: there is no text from left to right', async () => {
    await using folder = await temporaryFolder('objectives');
    await expect(train(folder.path, { kind: 'pretrain' }, cases[2]![2])).rejects.toMatchObject({ code: 'objective-needs-decoder' });
  });

  test('what is too long is not split: a source and its target belong together', async () => {
    await using folder = await temporaryFolder('objectives');
    await expect(train(folder.path, cases[0]![1], cases[0]![2], { maxLength: 8, longRows: 'split' })).rejects.toMatchObject({ code: 'cannot-split' });
  });
});
