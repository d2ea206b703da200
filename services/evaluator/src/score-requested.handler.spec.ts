import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { score } from '@tunesmith/contracts';
import { ArtifactStore } from '@tunesmith/platform';
import { JobBench } from '@tunesmith/tests-support';
import { evaluatorHandlers } from './evaluator.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'evaluator', handlers: evaluatorHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('many scores stand in the artifact alone', async () => {
  const model = await bench.artifact('model', { 'result.json': { count: 2, size: 1_000_000 } });
  const input = await bench.artifact('upload', { 'rows.jsonl': '{"text":"a"}\n{"text":"b"}\n' });
  const adapter = await bench.artifact('adapter', { 'adapter_config.json': {} });
  const job = await bench.run(score, { model, adapter, input });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { scores: { mediaType: expect.stringContaining('evaluation') } } });
  expect(job.metrics).toEqual({ count: 2 });
  // The rows went to the worker as a file.
  const folder = await mkdtemp(join(tmpdir(), 'scores-'));
  await bench.service.get(ArtifactStore).copyTo(job.outputs!['scores']!, folder);
  const asked = JSON.parse(await readFile(join(folder, 'input.json'), 'utf8')) as { rowsFile: string; rows?: unknown; adapterFolder: string };
  expect(asked.adapterFolder).toContain(adapter.digest.slice(7));
  expect(await readFile(asked.rowsFile, 'utf8')).toBe('{"text":"a"}\n{"text":"b"}\n');
  expect(asked.rows).toBeUndefined();
  await rm(folder, { recursive: true });
});

test('no rows at all are refused before anything runs', () => {
  const model = { digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: 'application/vnd.tunesmith.model.v1+folder' };
  expect(score.spec.safeParse({ model }).success).toBe(false);
  expect(score.spec.safeParse({ model, rows: [{ text: 'x' }], input: model }).success).toBe(false);
});
