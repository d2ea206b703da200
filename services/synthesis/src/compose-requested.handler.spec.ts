import { compose } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { synthesisHandlers } from './synthesis.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'synthesis', handlers: synthesisHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('the composed dataset is stored, and the exact counts stand in the metrics', async () => {
  const composition = { rows: 4, tokens: 90, otherRows: 1, heldOutRows: 2, heldOutAlone: ['verse'], domains: { law: { weight: 1, planned: 100, rows: 4 } } };
  const model = await bench.artifact('model', { 'result.json': { rows: 6, composition } });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const detection = await bench.artifact('report', { 'detection.json': { shares: { law: 1 } } });
  const job = await bench.run(compose, { dataset, detection, model, weights: 'detected', tokens: 100 });
  expect(job).toMatchObject({ status: 'succeeded', metrics: composition, outputs: { dataset: { mediaType: expect.stringContaining('dataset') } } });
  const input = await bench.read<Record<string, unknown>>(job.outputs!['dataset'], 'input.json');
  expect(input).toMatchObject({
    datasetFolder: expect.stringContaining(dataset.digest.slice(7)), detectionFolder: expect.stringContaining(detection.digest.slice(7)), modelFolder: expect.stringContaining(model.digest.slice(7)),
    weights: 'detected', amount: { tokens: 100 }, replacement: 'when-needed', seed: 1,
  });
  expect(Object.keys(input)).not.toContain('tokens');
});

test.each([
  ['weights that do not sum to one', { weights: { law: 0.5, code: 0.4 }, rows: 1 }, 'sum to 0.9'],
  ['no amount', { weights: 'uniform' }, 'either rows or tokens'],
  ['tokens of no model', { weights: 'uniform', tokens: 5 }, 'the model whose tokens are counted'],
  ['detected weights without a detection', { weights: 'detected', rows: 5 }, 'either a detection or shares'],
])('%s: refused before anything runs', (_name, settings, message) => {
  const dataset = { digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: 'application/vnd.tunesmith.dataset.v1+folder' };
  expect(compose.spec.safeParse({ dataset, ...settings }).error?.message).toContain(message);
});
