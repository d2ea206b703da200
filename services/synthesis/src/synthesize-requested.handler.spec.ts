import { synthesize } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { synthesisHandlers } from './synthesis.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'synthesis', handlers: synthesisHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('the completed rows are stored, and how it went stands in the metrics', async () => {
  const metrics = { rows: 2, answered: 1 };
  const model = await bench.artifact('model', { 'result.json': { report: { rows: 2 }, metrics } });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const job = await bench.run(synthesize, { kind: 'self-replay', model, dataset, placeholders: { NAME: 'Juniper' } });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { dataset: { mediaType: expect.stringContaining('dataset') } } });
  expect(job.metrics).toEqual(metrics);
  expect(await bench.read(job.outputs!['dataset'], 'input.json')).toMatchObject({
    modelFolder: expect.stringContaining(model.digest.slice(7)), datasetFolder: expect.stringContaining(dataset.digest.slice(7)), maxNewTokens: 96, placeholders: { NAME: 'Juniper' },
  });
});
