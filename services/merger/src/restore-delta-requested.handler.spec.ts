import { restoreDelta } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { mergerHandlers } from './merger.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'merger', handlers: mergerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const named = (digest: string) => expect.stringContaining(digest.slice(7)) as string;

test('a base and a delta become a model', async () => {
  const base = await bench.artifact('model', { 'result.json': { tensors: 12 } });
  const delta = await bench.artifact('upload', { 'delta_config.json': {} });
  const job = await bench.run(restoreDelta, { base, delta });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { tensors: 12 } });
  expect(await bench.read(job.outputs!['model'], 'input.json')).toMatchObject({ base: named(base.digest), delta: named(delta.digest) });
});
