import { fuse } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { mergerHandlers } from './merger.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'merger', handlers: mergerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const named = (digest: string) => expect.stringContaining(digest.slice(7)) as string;

test('what the models said becomes a dataset with a teacher, and a report', async () => {
  const dataset = await bench.artifact('dataset', { 'result.json': { rows: 3 } });
  const [pivot, ...sources] = await Promise.all([{}, { a: 1 }, { b: 2 }].map((content) => bench.artifact('distributions', { 'said.json': content })));
  const job = await bench.run(fuse, { dataset, pivot, sources: [sources[1], sources[0]], fusion: 'avg-ce', score: 'max-frequency' });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { rows: 3 } });
  expect(Object.keys(job.outputs!).sort()).toEqual(['dataset', 'report']);
  expect(await bench.read(job.outputs!['dataset'], 'input.json')).toMatchObject({
    datasetFolder: named(dataset.digest), pivotFolder: named(pivot!.digest), sourceFolders: [named(sources[1]!.digest), named(sources[0]!.digest)],
    fusion: 'avg-ce', compare: 'token', transfer: 'fusechat', temperature: 1, reward: 'best', examples: 5, vocabulary: { rule: { kind: 'statistics', score: 'max-frequency' }, unmapped: 'drop' },
  });
});

test('a rule without statistics has no score', async () => {
  const dataset = await bench.artifact('dataset', { 'result.json': {} });
  const said = await bench.artifact('distributions', { 'said.json': {} });
  const job = await bench.run(fuse, { dataset, pivot: said, sources: [said], vocabulary: 'exact', unmapped: 'unknown' });
  expect((await bench.read<{ vocabulary: unknown }>(job.outputs!['dataset'], 'input.json')).vocabulary).toEqual({ rule: { kind: 'exact' }, unmapped: 'unknown' });
});
