import { chat } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { evaluatorHandlers } from './evaluator.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'evaluator', handlers: evaluatorHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('the answer stands in the metrics, and nothing else that the worker returns', async () => {
  const model = await bench.artifact('model', { 'result.json': { text: 'Hello.', tokenIds: [1, 2], finish: 'stop' } });
  const job = await bench.run(chat, { model, messages: [{ role: 'user', content: 'Hello?' }] });
  expect(job).toMatchObject({ status: 'succeeded', outputs: {} });
  expect(job.metrics).toEqual({ text: 'Hello.', tokenIds: [1, 2] });
});
