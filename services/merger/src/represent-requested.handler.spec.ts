import { represent } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { mergerHandlers } from './merger.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'merger', handlers: mergerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const named = (digest: string) => expect.stringContaining(digest.slice(7)) as string;

test('a source reads the dataset as the pivot writes it', async () => {
  const [model, pivot] = [await bench.artifact('model', { 'result.json': { rows: 3, crossEntropy: 1.5 } }), await bench.artifact('model', { 'config.json': { pivot: true } })];
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const job = await bench.run(represent, { model, pivot, dataset, longRows: 'drop' });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { rows: 3, crossEntropy: 1.5 } });
  expect(job.outputs!['distributions']!.mediaType).toBe('application/vnd.tunesmith.distributions.v1+folder');
  expect(await bench.read(job.outputs!['distributions'], 'input.json')).toMatchObject({
    modelFolder: named(model.digest), pivotFolder: named(pivot.digest), datasetFolder: named(dataset.digest), splits: ['train'], topK: 10, maxLength: 2048, longRows: 'drop', dtype: 'bfloat16',
  });
});
