import { compare } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { evaluatorHandlers } from './evaluator.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'evaluator', handlers: evaluatorHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('evaluations and trainings keep their order beside their labels', async () => {
  const metrics = { a: { 'qa.acc': 0.5 } };
  const evaluations = [await bench.artifact('evaluation', { 'result.json': { metrics } }), await bench.artifact('evaluation', { 'results.json': { b: 1 } })];
  const report = await bench.artifact('report', { 'report.json': {} });
  const job = await bench.run(compare, { evaluations, labels: ['a', 'b'], reports: [report, report], baseline: 'a' });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { comparison: { mediaType: expect.stringContaining('report') } } });
  const named = ({ digest }: { digest: string }) => expect.stringContaining(digest.slice(7)) as string;
  expect(await bench.read(job.outputs!['comparison'], 'input.json')).toMatchObject({ title: 'Comparison', labels: ['a', 'b'], baseline: 'a', evaluationFolders: evaluations.map(named), reportFolders: [named(report), named(report)] });
});
