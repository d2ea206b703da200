import { extractAdapter } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { mergerHandlers } from './merger.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'merger', handlers: mergerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const named = (digest: string) => expect.stringContaining(digest.slice(7)) as string;

test('a tuned model and its base become an adapter, and the metrics tell what it does not hold', async () => {
  const base = await bench.artifact('model', { 'result.json': { modules: 3, lostShare: 0.2, unreached: [{ name: 'model.norm.weight', change: 0.5 }] } });
  const model = await bench.artifact('model', { 'config.json': {} });
  const job = await bench.run(extractAdapter, { base, model, rank: 8, targetModules: ['q_proj'] });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { modules: 3, lostShare: 0.2, unreached: [{ name: 'model.norm.weight' }] } });
  expect(await bench.read(job.outputs!['adapter'], 'input.json')).toMatchObject({ base: named(base.digest), model: named(model.digest), rank: 8, energy: 1, targetModules: ['q_proj'], baseName: base.digest });
});
