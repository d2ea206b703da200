import { synthesize } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { synthesisHandlers } from './synthesis.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'synthesis', handlers: synthesisHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const teacherAddress = { url: 'http://127.0.0.1:9/v1', model: 'small' };
const made = { kind: 'instructions', teacher: 'small', rows: 3, wanted: 3, dataset: { rows: 3, bySplit: { train: 3, validation: 0 } } };

test('a teacher is asked for instructions, with what its answers are kept in between attempts; dataset and report are stored', async () => {
  const seeds = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const topics = await bench.artifact('upload', { 'topics.txt': 'Law' });
  const model = await bench.artifact('model', { 'result.json': made });
  const job = await bench.run(synthesize, { kind: 'instructions', seeds, topics, teacher: model, rows: 50, judgeAddress: teacherAddress, judgeKeeps: ['A'] });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { dataset: { mediaType: expect.stringContaining('dataset') }, report: { mediaType: expect.stringContaining('report') } } });
  expect(await bench.read(job.outputs!['dataset'], 'input.json')).toMatchObject({
    teacher: { kind: 'model', folder: expect.stringContaining(model.digest.slice(7)), name: model.digest.slice(0, 19), dtype: 'bfloat16' }, judge: { model: { kind: 'address', address: { concurrency: 4, retries: 6 } }, keep: ['A'] },
    seedsFolder: expect.stringContaining(seeds.digest.slice(7)), topics: { file: expect.stringMatching(/topics\.txt$/), filter: { mostWords: 2 } },
    rows: 50, topicShare: 0.5, mostRequests: 28, filters: { nearDuplicates: 0.7 }, journal: { folder: expect.stringContaining(`${job.runId}.step`), writer: `${job.id}.1` },
  });
});

test('answers to the questions of a dataset, by a GGUF file', async () => {
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const teacherFile = await bench.artifact('upload', { 'small.gguf': 'GGUF' });
  const job = await bench.run(synthesize, { kind: 'responses', dataset, teacherFile, filters: { nearDuplicates: null } });
  expect(job.status).toBe('succeeded');
  const input = await bench.read<Record<string, unknown>>(job.outputs!['dataset'], 'input.json');
  expect(input).toMatchObject({ datasetFolder: expect.stringContaining(dataset.digest.slice(7)), teacher: { kind: 'gguf', file: expect.stringMatching(/small\.gguf$/) }, responses: { maxNewTokens: 256 } });
  expect(input['filters']).not.toHaveProperty('nearDuplicates');
});

test.each([{}, { teacherAddress, teacherFile: { digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: 'application/vnd.tunesmith.upload.v1+folder' } }])('expects exactly one teacher: %j', (teachers) => {
  const seeds = { digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: 'application/vnd.tunesmith.dataset.v1+folder' };
  expect(synthesize.spec.safeParse({ kind: 'instructions', seeds, ...teachers }).error?.issues[0]?.message).toMatch('exactly one of teacher, teacherFile and teacherAddress');
});

test('the completed rows are stored, and how it went stands in the metrics', async () => {
  const metrics = { rows: 2, answered: 1 };
  const model = await bench.artifact('model', { 'result.json': { report: { rows: 2 }, metrics } });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const job = await bench.run(synthesize, { kind: 'self-replay', model, dataset, placeholders: { NAME: 'Juniper' } });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { dataset: { mediaType: expect.stringContaining('dataset') } } });
  expect(job.metrics).toEqual(metrics);
  expect(await bench.read(job.outputs!['dataset'], 'input.json')).toMatchObject({
    modelFolder: expect.stringContaining(model.digest.slice(7)), datasetFolder: expect.stringContaining(dataset.digest.slice(7)), maxNewTokens: 96, placeholders: { NAME: 'Juniper' },
  });
});
