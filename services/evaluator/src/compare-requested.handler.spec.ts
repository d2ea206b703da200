import { compare } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { evaluatorHandlers } from './evaluator.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'evaluator', handlers: evaluatorHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('evaluations and trainings keep their places beside their labels, with null where there is none', async () => {
  const metrics = { a: { 'qa.acc': 0.5 } };
  const evaluations = [await bench.artifact('evaluation', { 'result.json': { metrics } }), await bench.artifact('evaluation', { 'results.json': { b: 1 } })];
  const report = await bench.artifact('report', { 'report.json': {} });
  const job = await bench.run(compare, { evaluations: [evaluations[0]!, null, evaluations[1]!], labels: ['a', 'b', 'c'], reports: [null, report, report], errors: [null, 'loss NaN', null], baseline: 'a' });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { comparison: { mediaType: expect.stringContaining('report') } } });
  const named = ({ digest }: { digest: string }) => expect.stringContaining(digest.slice(7)) as string;
  expect(await bench.read(job.outputs!['comparison'], 'input.json')).toMatchObject({ title: 'Comparison', labels: ['a', 'b', 'c'], baseline: 'a', errors: [null, 'loss NaN', null], evaluationFolders: [named(evaluations[0]!), null, named(evaluations[1]!)], reportFolders: [null, named(report), named(report)] });
});
