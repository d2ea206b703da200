import { existsSync } from 'node:fs';
import { train } from '@tunesmith/contracts';
import { eventually, JobBench } from '@tunesmith/tests-support';
import { trainerHandlers } from './trainer.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'trainer', handlers: trainerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const report = { method: 'lora', rows: 3, loss: [2, 1], tokensPerSecond: 10 };

test('an adapter is trained on the staged model and dataset, and stored as one', async () => {
  const model = await bench.artifact('model', { 'config.json': {}, 'result.json': report });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '{}\n' });
  const job = await bench.run(train, { model, dataset, seed: 7 });
  expect(job).toMatchObject({ status: 'succeeded', error: null, metrics: report, outputs: { adapter: { mediaType: expect.stringContaining('adapter') }, report: { mediaType: expect.stringContaining('report') } } });
  const input = await bench.read<Record<string, unknown>>(job.outputs!['adapter'], 'input.json');
  expect(input).toMatchObject({ seed: 7, method: { kind: 'lora', rank: 8 }, batch: 8, modelFolder: expect.stringContaining(model.digest.slice(7)), datasetFolder: expect.stringContaining(dataset.digest.slice(7)),
    checkpoints: { folder: expect.stringContaining(job.runId), writer: `${job.id}.1`, inputs: { model: model.digest, dataset: dataset.digest } } });
  // What was kept for another attempt goes after the success.
  await eventually('the checkpoints to be gone', () => !existsSync((input['checkpoints'] as { folder: string }).folder));
  expect(Object.keys(input)).not.toContain('model');
});

test('an adapter that a training begins with is staged, and decides the result', async () => {
  const model = await bench.artifact('model', { 'config.json': { start: 1 }, 'result.json': report });
  const adapter = await bench.artifact('adapter', { 'adapter_config.json': {} });
  const job = await bench.run(train, { model, adapter, dataset: await bench.artifact('dataset', { 'rows.jsonl': '{}\n' }) });
  expect(await bench.read(job.outputs!['adapter'], 'input.json')).toMatchObject({ adapterFolder: expect.stringContaining(adapter.digest.slice(7)), checkpoints: { inputs: { adapter: adapter.digest } } });
  const spec = { model, adapter, dataset: model };
  expect(train.spec.safeParse({ ...spec, method: { kind: 'full' } }).success).toBe(false);
  expect(train.spec.safeParse({ ...spec, method: { kind: 'lora', initialization: 'pissa' } }).success).toBe(false);
});

test('full tuning makes a model', async () => {
  const model = await bench.artifact('model', { 'config.json': { other: 1 }, 'result.json': report });
  const job = await bench.run(train, { model, dataset: await bench.artifact('dataset', { 'rows.jsonl': '\n' }), method: { kind: 'full' } });
  expect(Object.keys(job.outputs!)).toEqual(['model', 'report']);
});

test('the losses of a long training are thinned, and the last one stays', async () => {
  const loss = Array.from({ length: 45_001 }, (_unused, index) => index);
  const model = await bench.artifact('model', { 'result.json': { ...report, loss } });
  const job = await bench.run(train, { model, dataset: await bench.artifact('dataset', { 'rows.jsonl': '\n' }) });
  const kept = job.metrics!['loss'] as number[];
  expect(kept.length).toBeLessThanOrEqual(20_000);
  expect(kept.slice(-2)).toEqual([44_997, 45_000]);
});

test('an input that the store does not have fails the job with what was expected', async () => {
  const model = await bench.artifact('model', { 'config.json': {} });
  const job = await bench.run(train, { model, dataset: { ...model, digest: `sha256:${'0'.repeat(64)}` } });
  expect(job).toMatchObject({ status: 'failed', outputs: null, error: { message: expect.stringContaining('0000') } });
});

test('a plan makes nothing and says what it would take', async () => {
  const model = await bench.artifact('model', { 'result.json': { steps: 7, predictedPeakMemoryBytes: 1 } });
  const job = await bench.run(train, { model, dataset: await bench.artifact('dataset', { 'rows.jsonl': '\n' }), plan: true });
  expect(job).toMatchObject({ status: 'succeeded', outputs: {}, metrics: { steps: 7, predictedPeakMemoryBytes: 1 } });
});
