import { importTasks } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { evaluatorHandlers } from './evaluator.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'evaluator', handlers: evaluatorHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('names and files of this machine go to the worker as they are', async () => {
  const job = await bench.run(importTasks, { tasks: ['mmlu', '/home/own.yaml'], data: '/data', include: '/tasks' });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { tasks: { mediaType: expect.stringContaining('tasks') } } });
  const input = await bench.read<object>(job.outputs!['tasks'], 'input.json');
  expect(input).toMatchObject({ tasks: ['mmlu', '/home/own.yaml'], data: '/data', include: '/tasks', hubCache: expect.stringContaining('datasets') });
  expect(Object.keys(input)).not.toContain('confined');
});

test('what was sent is read inside of its folder only', async () => {
  const upload = await bench.artifact('upload', { 'qa.yaml': 'task: qa' });
  const job = await bench.run(importTasks, { path: 'qa.yaml', upload });
  expect(await bench.read(job.outputs!['tasks'], 'input.json')).toMatchObject({ tasks: ['qa.yaml'], confined: true, folder: expect.stringContaining(upload.digest.slice(7)) });
  expect(importTasks.spec.safeParse({ data: '/data' }).success).toBe(false);
});
