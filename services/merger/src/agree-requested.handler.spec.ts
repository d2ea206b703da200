import { agree } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { mergerHandlers } from './merger.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'merger', handlers: mergerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const named = (digest: string) => expect.stringContaining(digest.slice(7)) as string;

test('what a model and others said is held against each other', async () => {
  const model = await bench.artifact('distributions', { 'result.json': { 'agreement.qwen': 0.5 } });
  const source = await bench.artifact('distributions', { 'said.json': {} });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': {} });
  const job = await bench.run(agree, { model, sources: [source], dataset, names: ['qwen'] });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { 'agreement.qwen': 0.5 } });
  expect(await bench.read(job.outputs!['evaluation'], 'input.json')).toMatchObject({
    modelFolder: named(model.digest), sourceFolders: [named(source.digest)], datasetFolder: named(dataset.digest), names: ['qwen'], split: 'validation', transfer: 'fusechat', vocabulary: { rule: { kind: 'statistics', score: 'repo' }, unmapped: 'drop' },
  });
  expect(() => agree.spec.parse({ model, sources: [source], names: ['a', 'b'] })).toThrow('as many names as sources');
});
