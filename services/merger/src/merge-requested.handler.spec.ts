import { merge } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { mergerHandlers } from './merger.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'merger', handlers: mergerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const named = (digest: string) => expect.stringContaining(digest.slice(7)) as string;

test('an adapter is folded into its base', async () => {
  const base = await bench.artifact('model', { 'result.json': { method: 'lora-fold', tensors: 2 } });
  const adapter = await bench.artifact('adapter', { 'adapter_config.json': {} });
  const job = await bench.run(merge, { base, adapter });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { method: 'lora-fold', tensors: 2 } });
  expect(await bench.read(job.outputs!['model'], 'input.json')).toMatchObject({ base: named(base.digest), adapter: named(adapter.digest), models: [], method: 'lora-fold', parameters: {} });
});

test('further models keep their order', async () => {
  const [base, ...models] = await Promise.all([{}, { a: 1 }, { b: 2 }].map((config) => bench.artifact('model', { 'config.json': config })));
  const job = await bench.run(merge, { base, models: [models[1], models[0], models[1]], method: 'linear', parameters: { weights: [1, 2] } });
  const input = await bench.read<Record<string, unknown>>(job.outputs!['model'], 'input.json');
  expect(input).toMatchObject({ method: 'linear', parameters: { weights: [1, 2] }, models: [models[1]!, models[0]!, models[1]!].map(({ digest }) => named(digest)) });
  expect(input['adapter']).toBeUndefined();
});
