import { readFileSync } from 'node:fs';
import { newId, stepKinds, type RunView } from '@tunesmith/contracts';
import { Database, Outbox, type RunningService } from '@tunesmith/platform';
import { eventually } from '@tunesmith/tests-support';
import { sampleArtifact } from '../testing/sample-artifact.js';
import { TinyPlatform } from '../testing/tiny-platform.js';
import { StoppingJobEntity } from './stopping-job.entity.js';

let platform: TinyPlatform;
beforeAll(async () => {
  platform = await TinyPlatform.start();
  await platform.registerModel('base');
});
afterAll(() => platform?.[Symbol.asyncDispose]());
afterEach(() => platform.work.clear());

const stepOf = (run: RunView, name: string) => run.steps.find((step) => step.name === name)!;
let seeds = 0;

async function startLong(): Promise<RunView> {
  const path = await platform.file('rows.jsonl');
  return platform.startRun({
    data: { uses: 'import-dataset', with: { path } },
    train: { uses: 'train', needs: ['data'], with: { model: 'base', dataset: '${{ steps.data.dataset }}', seed: (seeds += 1) } },
    merge: { uses: 'merge', needs: ['train'], with: { base: 'base', adapter: '${{ steps.train.adapter }}' } },
  });
}

const statusesOf = (run: RunView) => run.steps.map(({ name, status }) => [name, status]);

test('a cancelled run is cancelled at once, its job stops, and nothing it does later counts', async () => {
  platform.work.set('train', { until: platform.gate().until });
  const { id } = await startLong();
  const { jobId } = await platform.begun(id, 'train');
  const cancelled = await platform.request<RunView>('POST', `/v1/runs/${id}/cancel`);
  expect(cancelled.status).toBe('cancelled');
  expect(statusesOf(cancelled)).toEqual([['data', 'succeeded'], ['train', 'cancelled'], ['merge', 'cancelled']]);
  // The trainer says that it has stopped; then nobody needs to be told any more.
  const manager = platform.registry.get(Database).dataSource.manager;
  await eventually('the job to stop', async () => (await manager.countBy(StoppingJobEntity, { jobId })) === 0);

  // A success that was on its way when the run was cancelled.
  await complete(platform.registry, id, jobId, 'train');
  await eventually('the fact to be heard', async () => (await platform.showRun(id)).steps.length === 3);
  expect(await platform.showRun(id)).toEqual(cancelled);
  expect(await platform.request('POST', `/v1/runs/${id}/cancel`)).toEqual(cancelled);
});

/** Sends the fact that a job succeeded, as its service would. */
async function complete(service: RunningService, runId: string, jobId: string, step: string): Promise<void> {
  const { completed } = stepKinds.find(({ name }) => name === 'train')!.events!;
  await service.get(Database).transaction((transaction) =>
    service.get(Outbox).send(transaction, completed, { jobId, runId, step, outputs: { adapter: sampleArtifact('late', 'adapter') }, metrics: {} }, { id: newId() }));
}

test('a resumed run keeps what succeeded and runs the rest as new attempts', async () => {
  platform.work.set('train', { failure: 'no memory' });
  const { id } = await startLong();
  const failed = await platform.ended(id);
  expect(statusesOf(failed)).toEqual([['data', 'succeeded'], ['train', 'failed'], ['merge', 'skipped']]);
  platform.work.clear();
  const resumed = await platform.request<RunView>('POST', `/v1/runs/${id}/resume`);
  expect(resumed).toMatchObject({ status: 'running', finishedAt: null, traceId: failed.traceId });
  const run = await platform.ended(id);
  expect(statusesOf(run)).toEqual([['data', 'succeeded'], ['train', 'succeeded'], ['merge', 'succeeded']]);
  expect(stepOf(run, 'data')).toEqual(stepOf(failed, 'data'));
  expect(stepOf(run, 'train')).toMatchObject({ attempt: 2, error: null });
  expect(stepOf(run, 'train').jobId).not.toBe(stepOf(failed, 'train').jobId);
  await platform.request('POST', `/v1/runs/${id}/resume`, undefined, 409);
  await platform.request('POST', `/v1/runs/${id}/cancel`, undefined, 409);
});

test('a fact of an earlier attempt changes nothing', async () => {
  platform.work.set('train', { until: platform.gate().until });
  const { id } = await startLong();
  const { jobId: first } = await platform.begun(id, 'train');
  await platform.request('POST', `/v1/runs/${id}/cancel`);
  await platform.request('POST', `/v1/runs/${id}/resume`);
  const { jobId: second } = await platform.begun(id, 'train');
  expect(second).not.toBe(first);
  await complete(platform.registry, id, first, 'train');
  await eventually('the fact to be sent', async () => (await platform.registry.get(Database).dataSource.query('SELECT count(*) AS n FROM outbox WHERE sent_at IS NULL'))[0].n === 0);
  const run = await platform.showRun(id);
  expect(stepOf(run, 'train')).toMatchObject({ status: 'running', jobId: second, outputs: {} });
  await platform.request('POST', `/v1/runs/${id}/cancel`);
});

test('a file that was mended is what the new attempt imports, and each is reused as what it is', async () => {
  platform.work.set('import-dataset', ({ spec }) => ({ content: readFileSync(String(spec['path']), 'utf8'), ...(readFileSync(String(spec['path']), 'utf8') === 'broken' ? { failure: 'row 1' } : {}) }));
  const path = await platform.file('mended.jsonl', 'broken');
  const importing = () => platform.startRun({ data: { uses: 'import-dataset', with: { path } } });
  const { id } = await importing();
  expect((await platform.ended(id)).status).toBe('failed');
  await platform.file('mended.jsonl', 'whole');
  await platform.request('POST', `/v1/runs/${id}/resume`);
  const mended = await platform.ended(id);
  expect(stepOf(mended, 'data')).toMatchObject({ status: 'succeeded', cached: false });
  const again = await platform.ended((await importing()).id);
  expect(stepOf(again, 'data')).toMatchObject({ cached: true, outputs: stepOf(mended, 'data').outputs });
  // The broken bytes are not taken for the whole ones.
  await platform.file('mended.jsonl', 'broken');
  expect((await platform.ended((await importing()).id)).status).toBe('failed');
});

test('a file that changes while it is imported makes a result that no other run takes', async () => {
  const gate = platform.gate();
  platform.work.set('import-dataset', { until: gate.until });
  const path = await platform.file('moving.jsonl', 'before');
  const first = await platform.startRun({ data: { uses: 'import-dataset', with: { path } } });
  await platform.begun(first.id, 'data');
  await platform.file('moving.jsonl', 'after');
  await gate.open();
  expect((await platform.ended(first.id)).status).toBe('succeeded');
  await platform.file('moving.jsonl', 'before');
  const second = await platform.ended((await platform.startRun({ data: { uses: 'import-dataset', with: { path } } })).id);
  expect(stepOf(second, 'data').cached).toBe(false);
});

test('a run that does not exist cannot be cancelled', async () => {
  await platform.request('POST', `/v1/runs/${newId()}/cancel`, {}, 404);
  await platform.request('POST', `/v1/runs/${newId()}/resume`, {}, 404);
});
