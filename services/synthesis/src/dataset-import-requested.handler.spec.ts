import { importDataset } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { synthesisHandlers } from './synthesis.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'synthesis', handlers: synthesisHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const report = { rows: 2, bySplit: { train: 2, validation: 0 }, problems: [] };

test('a file is read in place, and its report becomes the metrics', async () => {
  const path = await bench.file('rows.jsonl', '{}\n', report);
  const job = await bench.run(importDataset, { path, name: 'helpdesk', skipInvalid: true, ignoreKeys: ['source'] });
  expect(job).toMatchObject({ status: 'succeeded', metrics: report, outputs: { dataset: { mediaType: expect.stringContaining('dataset') } } });
  expect(await bench.read(job.outputs!['dataset'], 'input.json')).toMatchObject({ path, skipInvalid: true, ignoreKeys: ['source'] });
});

test('an upload is staged and read', async () => {
  const upload = await bench.artifact('upload', { 'sub/rows.jsonl': '{}\n', 'sub/result.json': report });
  const model = await bench.artifact('model', { 'config.json': {} });
  const job = await bench.run(importDataset, { path: 'sub/rows.jsonl', upload, model, dropDuplicates: 'near' });
  expect(job).toMatchObject({ status: 'succeeded', metrics: report });
  expect(await bench.read(job.outputs!['dataset'], 'input.json')).toMatchObject({ path: expect.stringMatching(/\/sub\/rows\.jsonl$/), skipInvalid: false, dropDuplicates: 'near', nearDuplicateThreshold: 0.8, modelFolder: expect.stringContaining(model.digest.slice(7)), modelDigest: model.digest });
});

test('an address is checked before anything is fetched', async () => {
  expect(await bench.run(importDataset, { path: 'https://169.254.169.254/rows.jsonl' })).toMatchObject({ status: 'failed', error: { code: 'address-private' } });
});
