import { merge } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { mergerHandlers } from './merger.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'merger', handlers: mergerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const named = (digest: string) => expect.stringContaining(digest.slice(7)) as string;
const result = { report: { method: 'lora-fold', tensors: 2 }, examination: { tokenizer: 'keeps the text', result: { perplexity: 3, bitsPerByte: 1 }, parents: [{ name: 'base', perplexity: 4, bitsPerByte: 2 }], notCompared: null } };

test('an adapter is folded into its base, and the metrics tell how the result compares', async () => {
  const base = await bench.artifact('model', { 'result.json': result });
  const adapter = await bench.artifact('adapter', { 'adapter_config.json': {} });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '{}' });
  const job = await bench.run(merge, { base, adapter, dataset });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { method: 'lora-fold', tensors: 2, perplexity: 3, parents: [{ name: 'base', perplexity: 4 }] } });
  expect(await bench.read(job.outputs!['model'], 'input.json')).toMatchObject({
    merge: { base: named(base.digest), adapter: named(adapter.digest), models: [], parameters: {}, seed: 0 }, datasetFolder: named(dataset.digest), digests: [base.digest], perplexity: true,
  });
});

test('further models keep their order', async () => {
  const [base, ...models] = await Promise.all([result, { a: 1 }, { b: 2 }].map((content) => bench.artifact('model', { 'result.json': content })));
  const job = await bench.run(merge, { base, models: [models[1], models[0], models[1]], method: 'linear', parameters: { weight: [1, 2, 3, 4] }, tokenizer: 'union' });
  const { merge: asked } = await bench.read<{ merge: Record<string, unknown> }>(job.outputs!['model'], 'input.json');
  expect(asked).toMatchObject({ method: 'linear', parameters: { weight: [1, 2, 3, 4] }, tokenizer: 'union', models: [models[1]!, models[0]!, models[1]!].map(({ digest }) => named(digest)) });
  expect(asked['adapter']).toBeUndefined();
});

test('a configuration gets the folders of its models and adapters', async () => {
  const model = await bench.artifact('model', { 'result.json': { ...result, examination: { tokenizer: 'none', result: null, parents: [], notCompared: 'no tokenizer' } } });
  const adapter = await bench.artifact('adapter', { 'adapter_config.json': { r: 2 } });
  const configuration = { inputs: [{ model: 0, adapter: 0, name: 'tuned' }], method: 'passthrough', models: [{ input: 0 }] };
  const job = await bench.run(merge, { configuration, models: [model], adapters: [adapter], seed: 7, perplexity: false });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { notCompared: 'no tokenizer' } });
  expect(await bench.read(job.outputs!['model'], 'input.json')).toMatchObject({ merge: { configuration, models: [named(model.digest)], adapters: [named(adapter.digest)], seed: 7 }, perplexity: false });
});
