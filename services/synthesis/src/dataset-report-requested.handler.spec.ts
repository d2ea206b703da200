import { diffDatasets, reportDataset } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { synthesisHandlers } from './synthesis.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'synthesis', handlers: synthesisHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('the report of a dataset under a model is stored and stands in the metrics', async () => {
  const report = { rows: 2, tokens: { total: 9 } };
  const model = await bench.artifact('model', { 'result.json': report });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const job = await bench.run(reportDataset, { dataset, model });
  expect(job).toMatchObject({ status: 'succeeded', metrics: report, outputs: { report: { mediaType: expect.stringContaining('report') } } });
  expect(await bench.read(job.outputs!['report'], 'input.json')).toMatchObject({ datasetFolder: expect.stringContaining(dataset.digest.slice(7)), modelFolder: expect.stringContaining(model.digest.slice(7)), modelDigest: model.digest, nearDuplicateThreshold: 0.8 });
});

test('two datasets are compared', async () => {
  const left = await bench.artifact('dataset', { 'rows.jsonl': '1', 'result.json': { same: 1 } });
  const right = await bench.artifact('dataset', { 'rows.jsonl': '2' });
  const job = await bench.run(diffDatasets, { left, right, examples: 2 });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { same: 1 } });
  expect(await bench.read(job.outputs!['report'], 'input.json')).toMatchObject({ leftFolder: expect.stringContaining(left.digest.slice(7)), rightFolder: expect.stringContaining(right.digest.slice(7)), examples: 2 });
});
