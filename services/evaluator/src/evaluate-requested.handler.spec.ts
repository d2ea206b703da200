import { evaluate } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { evaluatorHandlers } from './evaluator.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'evaluator', handlers: evaluatorHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('the scores become metrics, the report an artifact', async () => {
  const metrics = { 'qa.exact_match': 0.5 };
  const model = await bench.artifact('model', { 'result.json': { metrics, remarks: [] } });
  const against = await bench.artifact('model', { other: '1' });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const tasks = [{ kind: 'loss', name: 'forgetting', tag: 'replay' }];
  const job = await bench.run(evaluate, { model, against, dataset, tasks });
  expect(job).toMatchObject({ status: 'succeeded', metrics, outputs: { evaluation: { mediaType: expect.stringContaining('evaluation') } } });
  expect(await bench.read(job.outputs!['evaluation'], 'input.json')).toMatchObject({
    modelFolder: expect.stringContaining(model.digest.slice(7)), againstFolder: expect.stringContaining(against.digest.slice(7)), datasetFolder: expect.stringContaining(dataset.digest.slice(7)), tasks,
  });
  const adapter = await bench.artifact('adapter', { 'adapter_config.json': {} });
  const tuned = await bench.run(evaluate, { model, adapter, dataset, tasks });
  expect(await bench.read(tuned.outputs!['evaluation'], 'input.json')).toMatchObject({ adapterFolder: expect.stringContaining(adapter.digest.slice(7)), cache: { model: model.digest, adapter: adapter.digest } });
  const alone = await bench.run(evaluate, { model, dataset, tasks });
  expect(Object.keys((await bench.read<{ cache: object }>(alone.outputs!['evaluation'], 'input.json')).cache)).toEqual(['folder', 'model']);
  expect(Object.keys(await bench.read<object>(alone.outputs!['evaluation'], 'input.json'))).not.toContain('againstFolder');
});

test('what a server answers is kept under its name and address, and asked again where somebody says so', async () => {
  const tasks = [{ kind: 'qa', name: 'qa', tag: 'x' }];
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '', 'result.json': { metrics: {}, remarks: [] } });
  const address = { url: 'https://example.com/v1', model: 'big' };
  for (const fresh of [false, true]) {
    const job = await bench.run(evaluate, { address, dataset, tasks, fresh });
    expect(await bench.read(job.outputs!['evaluation'], 'input.json')).toMatchObject({ address, cache: { model: 'big https://example.com/v1', ...(fresh && { fresh }) } });
  }
  expect(evaluate.spec.safeParse({ model: await bench.artifact('model', { x: '1' }), dataset, tasks, fresh: true }).success).toBe(false);
});

test('a judge is a model or an address, with what is kept of it; what is to be known about it stands beside the scores', async () => {
  const model = await bench.artifact('model', { 'result.json': { metrics: {}, remarks: ['mt: always the first'] } });
  const [judge, dataset] = [await bench.artifact('model', { judge: '1' }), await bench.artifact('dataset', { 'rows.jsonl': '' })];
  const spec = { model, dataset, tasks: [{ kind: 'judge', name: 'mt', tag: 'mt' }] };
  const job = await bench.run(evaluate, { ...spec, judge, dtype: 'float32' });
  expect(job.metrics).toEqual({ remarks: ['mt: always the first'] });
  expect(await bench.read(job.outputs!['evaluation'], 'input.json')).toMatchObject({
    tasks: [{ kind: 'judge', mode: 'single', reference: false, maxNewTokens: 512 }],
    judge: { source: { kind: 'model', folder: expect.stringContaining(judge.digest.slice(7)), name: judge.digest.slice(0, 19), dtype: 'float32' }, cache: { judge: judge.digest }, journal: { writer: expect.stringContaining(job.id) }, maxNewTokens: 512 },
  });
  const judgeAddress = { url: 'https://example.com/v1', model: 'big' };
  const elsewhere = await bench.run(evaluate, { ...spec, judgeAddress });
  expect(await bench.read(elsewhere.outputs!['evaluation'], 'input.json')).toMatchObject({ judge: { source: { kind: 'address', address: judgeAddress }, cache: { judge: 'big https://example.com/v1' } } });
  for (const wrong of [spec, { ...spec, judge, judgeAddress }]) expect(evaluate.spec.safeParse(wrong).success).toBe(false);
});
