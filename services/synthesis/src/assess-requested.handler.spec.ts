import { assess } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { synthesisHandlers } from './synthesis.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'synthesis', handlers: synthesisHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('models answer the questions of a dataset, and the form is stored', async () => {
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const models = [await bench.artifact('model', { 'a.json': 1 }), await bench.artifact('model', { 'b.json': 2 })];
  const job = await bench.run(assess, { kind: 'form', dataset, models, labels: ['small', 'large'] });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { form: { mediaType: expect.stringContaining('report') } } });
  expect(await bench.read(job.outputs!['form'], 'input.json')).toMatchObject({ items: 114, models: models.map(({ digest }, place) => ({ label: ['small', 'large'][place], folder: expect.stringContaining(digest.slice(7)) })) });
  const own = await bench.run(assess, { kind: 'form', dataset });
  expect(await bench.read(own.outputs!['form'], 'input.json')).toMatchObject({ items: 20, models: [] });
  expect(assess.spec.safeParse({ kind: 'form', dataset, models, labels: ['one'] }).error?.issues[0]?.message).toBe('expected one label for each model, or none');
});

test('grades are read beside the key of their form', async () => {
  const form = await bench.artifact('report', { 'key.json': {} });
  const grades = await bench.artifact('upload', { 'ann.json': {} });
  const job = await bench.run(assess, { kind: 'grades', form, grades });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { assessment: { mediaType: expect.stringContaining('report') } } });
  expect(await bench.read(job.outputs!['assessment'], 'input.json')).toMatchObject({ formFolder: expect.stringContaining(form.digest.slice(7)), gradesFolder: expect.stringContaining(grades.digest.slice(7)) });
});
