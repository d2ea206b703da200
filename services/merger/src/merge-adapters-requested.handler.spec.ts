import { mergeAdapters } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { mergerHandlers } from './merger.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'merger', handlers: mergerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const named = (digest: string) => expect.stringContaining(digest.slice(7)) as string;

test('adapters keep their order', async () => {
  const adapters = await Promise.all([1, 2, 3].map((r) => bench.artifact('adapter', { 'adapter_config.json': { r } })));
  const job = await bench.run(mergeAdapters, { adapters: [adapters[1], adapters[0], adapters[2]], combination: 'updates', method: 'ties', parameters: { density: 0.5 }, rank: 4, seed: 3 });
  expect(job).toMatchObject({ status: 'succeeded' });
  expect(await bench.read(job.outputs!['adapter'], 'input.json')).toMatchObject({
    adapters: [adapters[1]!, adapters[0]!, adapters[2]!].map(({ digest }) => named(digest)), combination: 'updates', method: 'ties', parameters: { density: 0.5 }, rank: 4, seed: 3,
  });
});
