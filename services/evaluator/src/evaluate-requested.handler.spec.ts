import { evaluate } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { evaluatorHandlers } from './evaluator.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'evaluator', handlers: evaluatorHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('the scores become metrics, the report an artifact', async () => {
  const metrics = { 'qa.exact_match': 0.5 };
  const model = await bench.artifact('model', { 'result.json': { metrics } });
  const against = await bench.artifact('model', { other: '1' });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const tasks = [{ kind: 'loss', name: 'forgetting', tag: 'replay' }];
  const job = await bench.run(evaluate, { model, against, dataset, tasks });
  expect(job).toMatchObject({ status: 'succeeded', metrics, outputs: { evaluation: { mediaType: expect.stringContaining('evaluation') } } });
  expect(await bench.read(job.outputs!['evaluation'], 'input.json')).toMatchObject({
    modelFolder: expect.stringContaining(model.digest.slice(7)), againstFolder: expect.stringContaining(against.digest.slice(7)), datasetFolder: expect.stringContaining(dataset.digest.slice(7)), tasks,
  });
  const alone = await bench.run(evaluate, { model, dataset, tasks });
  expect(Object.keys(await bench.read<object>(alone.outputs!['evaluation'], 'input.json'))).not.toContain('againstFolder');
});
