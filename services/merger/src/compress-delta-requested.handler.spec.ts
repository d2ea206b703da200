import { compressDelta } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { mergerHandlers } from './merger.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'merger', handlers: mergerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const named = (digest: string) => expect.stringContaining(digest.slice(7)) as string;

test('a delta is stored, and the metrics tell the loss that it costs', async () => {
  const foresight = { restored: { perplexity: 3.1, bitsPerByte: 1 }, tuned: { perplexity: 3, bitsPerByte: 1 }, base: { perplexity: 4, bitsPerByte: 2 } };
  const base = await bench.artifact('model', { 'result.json': { matrices: 3, lostShare: 0.2, worst: [{ name: 'a', lostShare: 0.3 }], foresight } });
  const model = await bench.artifact('model', { 'config.json': {} });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '{}' });
  const job = await bench.run(compressDelta, { base, model, dataset });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { lostShare: 0.2, perplexity: { restored: 3.1, tuned: 3, base: 4 } } });
  expect(await bench.read(job.outputs!['delta'], 'input.json')).toMatchObject({ base: named(base.digest), model: named(model.digest), datasetFolder: named(dataset.digest), bitsPerWeight: 1, perplexity: true });
});
