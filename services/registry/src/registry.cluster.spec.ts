import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AliasChange, FinishedSpan, LineageView, ModelView, RunView, UploadView } from '@tunesmith/contracts';
import { Database } from '@tunesmith/platform';
import { eventually, startPostgres, type PostgresServer } from '@tunesmith/tests-support';
import { Reconciler } from './runs/reconciler.js';
import { StoppingJobEntity } from './runs/stopping-job.entity.js';
import { TinyPlatform } from './testing/tiny-platform.js';

// What the specs of the registry show on SQLite, once on PostgreSQL: every table, every way to read it, and decisions side by side.

let postgres: PostgresServer;
let platform: TinyPlatform;
beforeAll(async () => {
  postgres = await startPostgres();
  platform = await TinyPlatform.start({ databaseUrl: postgres.url });
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});
afterEach(() => platform.work.clear());

test('a dataset arrives, a recipe runs, a model is promoted', async () => {
  const base = await platform.registerModel('base', 'prod');
  platform.work.set('import-dataset', { metrics: { rows: 3 } });
  platform.work.set('evaluate', { metrics: { 'qa.exact_match': 1 } });
  await platform.request('POST', '/v1/recipes', {
    source: `
name: retrain
on: { dataset.registered: { dataset: helpdesk } }
steps:
  train: { uses: train, with: { model: base@prod, dataset: "\${{ event.dataset }}" } }
  merge: { uses: merge, needs: [train], with: { base: base@prod, adapter: "\${{ steps.train.adapter }}" } }
  evaluate: { uses: evaluate, needs: [merge], with: { model: "\${{ steps.merge.model }}", dataset: "\${{ event.dataset }}", tasks: [{ kind: loss, name: qa, tag: x }] } }
  gate: { uses: gate, needs: [evaluate], with: { require: qa.exact_match >= 0.5 } }
  promote: { uses: promote, needs: [merge, gate], with: { model: "\${{ steps.merge.model }}" } }
`,
  });
  const { id } = await platform.startRun({ push: { uses: 'import-dataset', with: { path: await platform.file('rows.jsonl'), name: 'helpdesk' } } });
  expect((await platform.ended(id)).status).toBe('succeeded');
  const [started] = await eventually('the run', async () => {
    const runs = (await platform.request<RunView[]>('GET', '/v1/runs?limit=10')).filter(({ recipe }) => recipe === 'retrain');
    return runs.length > 0 ? runs : undefined;
  });
  const run = await platform.ended(started!.id);
  expect(run.steps.map(({ name, status, error }) => [name, status, error])).toEqual(['train', 'merge', 'evaluate', 'gate', 'promote'].map((name) => [name, 'succeeded', null]));

  expect((await platform.request<ModelView>('GET', '/v1/models/base')).aliases).toEqual({ prod: 2 });
  expect((await platform.request<AliasChange[]>('GET', '/v1/models/base/history')).map(({ version }) => version)).toEqual([1, 2]);
  expect(await platform.request<AliasChange[]>('GET', `/v1/models/base/history?at=${run.createdAt}`)).toMatchObject([{ alias: 'prod', version: 1 }]);
  const merged = run.steps[1]!.outputs['model']!;
  expect((await platform.request<LineageView>('GET', `/v1/lineage/${merged.digest}`)).parents.map(({ digest }) => digest)).toContain(base.digest);
  expect(await platform.request('GET', '/v1/datasets')).toMatchObject([{ name: 'helpdesk', version: 1, rows: 3 }]);
  expect((await platform.request<ModelView[]>('GET', '/v1/models')).map(({ name }) => name)).toEqual(['base']);
  await eventually('the spans of the workers', async () => (await platform.request<FinishedSpan[]>('GET', `/v1/traces/${run.id}`)).some(({ name }) => name === 'worker work'));
  await platform.request('GET', '/v1/models/nobody', undefined, 404);
});

test('runs that are decided side by side all end, and the same step is reused', async () => {
  const path = await platform.file('many.jsonl');
  const started = await Promise.all(Array.from({ length: 8 }, (_unused, seed) => platform.startRun({
    data: { uses: 'import-dataset', with: { path, name: 'many' } },
    ...Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { uses: 'train', needs: ['data'], with: { model: 'base:1', dataset: '${{ steps.data.dataset }}', seed } }])),
  })));
  for (const { id } of started) expect((await platform.ended(id)).status).toBe('succeeded');
  // Eight arrivals, numbered without a gap although they came at once.
  expect((await platform.request<{ version: number }[]>('GET', '/v1/datasets/many/versions')).map(({ version }) => version)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
});

test('cancel, resume, reconcile and upload', async () => {
  platform.work.set('train', { until: platform.gate().until });
  const { id } = await platform.startRun({ train: { uses: 'train', with: { model: 'base:1', dataset: 'helpdesk', seed: 99 } } });
  const { jobId } = await platform.begun(id, 'train');
  expect((await platform.request<RunView>('POST', `/v1/runs/${id}/cancel`)).status).toBe('cancelled');
  const { manager } = platform.registry.get(Database).dataSource;
  await eventually('the job to stop', async () => (await manager.countBy(StoppingJobEntity, { jobId })) === 0);
  platform.work.clear();
  await platform.request('POST', `/v1/runs/${id}/resume`);
  await platform.registry.get(Reconciler).round(new Date(Date.now() + 60_000));
  expect((await platform.ended(id)).steps[0]).toMatchObject({ status: 'succeeded', attempt: 2 });

  const content = Buffer.from('{"a":1}\n');
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const upload = await platform.request<UploadView>('POST', '/v1/uploads', { files: [{ path: 'rows.jsonl', size: content.length, digest }] });
  const token = (await readFile(join(platform.home, 'token'), 'utf8')).trim();
  await fetch(`${platform.url}/v1/uploads/${upload.id}?file=rows.jsonl&offset=0`, { method: 'PATCH', body: content, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' } });
  expect(await platform.request('POST', `/v1/uploads/${upload.id}/complete`)).toMatchObject({ complete: true });
  const run = await platform.startRun({ data: { uses: 'import-dataset', with: { path: upload.reference } } });
  expect((await platform.ended(run.id)).status).toBe('succeeded');
});
