import { newId, train } from '@tunesmith/contracts';
import { IsNull } from 'typeorm';
import type { DatabaseConfig } from '../config/platform-config.js';
import { Database } from '../database/database.js';
import { someRef } from './test-service.js';
import { InboxEntity } from '../jobs/inbox.entity.js';
import { JobStore } from '../jobs/job-store.js';
import { JobEntity } from '../jobs/job.entity.js';
import { JobTables1763500000000 } from '../jobs/job-tables.migration.js';
import { Outbox } from '../jobs/outbox.js';
import { OutboxEntity } from '../jobs/outbox.entity.js';

const leaseTime = 60_000;
const result = { outputs: { adapter: { ...someRef, mediaType: 'application/vnd.tunesmith.adapter.v1+folder' } }, metrics: { loss: [1, 0.5] } };
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What the job table must do alike on both databases. SQLite: one process owns the file; PostgreSQL: several share it. */
export function jobStoreContract(config: () => DatabaseConfig, processes: number): void {
  const databases: Database[] = [];
  let stores: JobStore[];
  let database: Database;
  let store: JobStore;

  beforeAll(async () => {
    for (let index = 0; index < processes; index += 1) {
      databases.push(await Database.open({ config: config(), service: 'trainer', entities: [JobEntity, OutboxEntity, InboxEntity], migrations: [JobTables1763500000000] }));
    }
    database = databases[0]!;
    stores = Array.from({ length: 4 }, (_unused, index) => {
      const own = databases[index % processes]!;
      return new JobStore(own, new Outbox(own), `trainer@${index}`);
    });
    store = stores[0]!;
  });
  beforeEach(async () => {
    for (const entity of [JobEntity, OutboxEntity]) await database.dataSource.getRepository(entity).deleteAll();
  });
  afterAll(async () => {
    for (const each of databases) await each.close();
  });

  const add = async (): Promise<string> => {
    const id = newId();
    const { inserted } = await database.transaction((manager) => store.insert(manager, { id, runId: newId(), step: 'train', project: 'default', kind: train, spec: { rank: 8 }, trace: undefined }));
    expect(inserted).toBe(true);
    return id;
  };
  const claimOne = async (from = store, time = leaseTime): Promise<JobEntity> => (await from.claim(1, time))[0]!;
  const job = (id: string) => database.dataSource.getRepository(JobEntity).findOneByOrFail({ id });
  const facts = async () => (await database.dataSource.getRepository(OutboxEntity).find()).map((row) => JSON.parse(row.body) as { id: string; subject: string; payload: object });

  it('inserts a job once', async () => {
    const id = await add();
    const again = await database.transaction((manager) => store.insert(manager, { id, runId: newId(), step: 'other', project: 'default', kind: train, spec: {}, trace: undefined }));
    expect(again.inserted).toBe(false);
    expect(again.job).toMatchObject({ step: 'train', spec: { rank: 8 }, status: 'due', attempt: 0 });
  });

  it('gives each job to one of many claimers', async () => {
    const ids = [];
    for (let count = 0; count < 12; count += 1) ids.push(await add());
    const claimed = (await Promise.all(stores.flatMap((each) => [each.claim(2, leaseTime), each.claim(2, leaseTime)]))).flat();
    const more = await store.claim(100, leaseTime);
    expect([...claimed, ...more].map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(await store.claim(1, leaseTime)).toEqual([]);
  });

  it('claims the one that is due longest, and counts what waits', async () => {
    const first = await add();
    await pause(5);
    await add();
    const counts = await store.counts();
    expect(counts).toMatchObject({ due: 2, running: 0 });
    expect(counts.oldestDue).toBeGreaterThan(0);
    const claimed = await claimOne();
    expect(claimed).toMatchObject({ id: first, status: 'running', attempt: 1, leaseEpoch: 1, leaseOwner: 'trainer@0' });
    expect(await store.counts()).toMatchObject({ due: 1, running: 1 });
  });

  it('commits a success together with its fact', async () => {
    const id = await add();
    await claimOne();
    expect(await store.succeed({ id, epoch: 1 }, result)).toBe(true);
    expect(await job(id)).toMatchObject({ status: 'succeeded', outputs: result.outputs, metrics: result.metrics, leaseOwner: null });
    const { runId, factId } = await job(id);
    expect(await facts()).toEqual([expect.objectContaining({ id: factId, subject: 'train.completed.v1', payload: { jobId: id, runId, step: 'train', ...result } })]);
  });

  it('commits neither when the fact is not valid', async () => {
    const id = await add();
    await claimOne();
    await expect(store.succeed({ id, epoch: 1 }, { outputs: { adapter: { ...someRef, digest: 'wrong' } }, metrics: {} })).rejects.toMatchObject({ code: 'invalid-payload' });
    expect((await job(id)).status).toBe('running');
    expect(await facts()).toEqual([]);
  });

  it('takes nothing from a holder whose lease was claimed by another: the epoch is the fence', async () => {
    const id = await add();
    const old = await claimOne(stores[0], 1);
    await pause(10);
    const next = await claimOne(stores[1]);
    expect([old.leaseEpoch, next.leaseEpoch]).toEqual([1, 2]);
    const stale = { id, epoch: 1 };
    expect(await stores[0]!.renew(stale, leaseTime)).toBeUndefined();
    expect(await stores[0]!.succeed(stale, result)).toBe(false);
    expect(await stores[0]!.fail(stale, { code: 'late', message: 'late', facts: {} })).toBe(false);
    expect(await stores[0]!.retry(stale, 0)).toBe(false);
    await stores[0]!.release(stale);
    expect(await job(id)).toMatchObject({ status: 'running', leaseEpoch: 2, leaseOwner: 'trainer@1', attempt: 2 });
    expect(await facts()).toEqual([]);
    expect(await stores[1]!.succeed({ id, epoch: 2 }, result)).toBe(true);
    expect(await facts()).toHaveLength(1);
  });

  it('has one end when two holders of different epochs finish at the same time', async () => {
    const id = await add();
    await claimOne(stores[0], 1);
    await pause(10);
    await claimOne(stores[1]);
    const ends = await Promise.all([stores[0]!.succeed({ id, epoch: 1 }, result), stores[1]!.succeed({ id, epoch: 2 }, result), stores[1]!.fail({ id, epoch: 2 }, { code: 'x', message: 'x', facts: {} })]);
    expect(ends.filter(Boolean)).toHaveLength(1);
    expect(ends[0]).toBe(false);
    expect(await facts()).toHaveLength(1);
  });

  it('keeps a lease that is renewed', async () => {
    const id = await add();
    await claimOne(store, 30);
    expect(await store.renew({ id, epoch: 1 }, leaseTime)).toBe('running');
    await pause(40);
    expect(await stores[1]!.claim(1, leaseTime)).toEqual([]);
  });

  it('cancels a job nobody has begun, once and for all', async () => {
    const id = await add();
    expect(await database.transaction((manager) => store.cancel(manager, id))).toBe('ended');
    expect((await job(id)).status).toBe('cancelled');
    expect(await store.claim(1, leaseTime)).toEqual([]);
    expect((await facts()).map(({ subject }) => subject)).toEqual(['train.cancelled.v1']);
    expect(await database.transaction((manager) => store.cancel(manager, newId()))).toBeUndefined();
  });

  it('lets a success that comes after the cancel lose', async () => {
    const id = await add();
    await claimOne();
    expect(await database.transaction((manager) => store.cancel(manager, id))).toBe('running');
    expect(await store.renew({ id, epoch: 1 }, leaseTime)).toBe('cancel-requested');
    expect(await store.succeed({ id, epoch: 1 }, result)).toBe(false);
    expect(await store.cancelled({ id, epoch: 1 })).toBe(true);
    expect((await facts()).map(({ subject }) => subject)).toEqual(['train.cancelled.v1']);
  });

  it('tells the end once more, under the same event id', async () => {
    const id = await add();
    await claimOne();
    await store.fail({ id, epoch: 1 }, { code: 'empty-loss-mask', message: 'nothing to learn', facts: { rows: 3 } });
    await database.dataSource.getRepository(OutboxEntity).update({ sentAt: IsNull() }, { sentAt: 1 });
    await database.transaction(async (manager) => store.sendFact(manager, await manager.findOneByOrFail(JobEntity, { id })));
    const rows = await database.dataSource.getRepository(OutboxEntity).find();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ id: (await job(id)).factId, sentAt: null });
  });

  it('gives a lease back without using the attempt, and reclaims those of a former life', async () => {
    const id = await add();
    await claimOne();
    await store.release({ id, epoch: 1 });
    expect(await job(id)).toMatchObject({ status: 'due', attempt: 0, leaseEpoch: 1 });
    await claimOne();
    await stores[1]!.reclaim();
    expect(await store.claim(1, leaseTime)).toEqual([]);
    await stores[0]!.reclaim();
    expect((await claimOne()).leaseEpoch).toBe(3);
  });
}
