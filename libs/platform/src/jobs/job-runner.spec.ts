import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { JobCancelRequested, JobProgressed, newId, type JobProgress, type TrainSpec } from '@tunesmith/contracts';
import { eventually } from '@tunesmith/tests-support';
import { once } from 'node:events';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { streams } from '../bus/topology.js';
import { PlatformError } from '../errors/platform-error.js';
import type { RunningService } from '../service/start-service.js';
import { startServiceProcess } from '../testing/service-child.js';
import { publish, TestPlatform, trainEvents, trainRequest } from '../testing/test-service.js';
import { emptyResult, trainHandler } from '../testing/train-handlers.js';
import { JobEntity } from './job.entity.js';
import type { JobResult, RunningJob } from './running-job.js';

let platform: TestPlatform;
let nats: NatsConnection;
let manager: JetStreamManager;
let service: RunningService;
let work: (spec: TrainSpec, job: RunningJob) => Promise<JobResult>;
let attempts: RunningJob[];

beforeAll(async () => {
  platform = await TestPlatform.start();
  service = await platform.service(
    { handlers: [trainHandler((spec, job) => {
      attempts.push(job);
      return work(spec, job);
    })] },
    { TUNESMITH_JOB_RENEW_MS: '100', TUNESMITH_JOB_CANCEL_MS: '200', TUNESMITH_JOB_CONCURRENCY: '4' },
  );
  nats = await connect({ servers: platform.nats.url });
  manager = await jetstreamManager(nats);
});
beforeEach(() => {
  attempts = [];
});
afterAll(async () => {
  await nats.close();
  await platform[Symbol.asyncDispose]();
});

const request = async () => {
  const payload = trainRequest();
  await publish(nats, trainEvents.requested, payload);
  return payload.jobId;
};
const fact = <Payload>(kind: 'completed' | 'failed' | 'cancelled', jobId: string) =>
  eventually(`${kind} of ${jobId}`, async () => {
    const message = await manager.streams.getMessage(streams.facts, { last_by_subj: `train.${kind}.v1` });
    const envelope = message?.json<{ payload: Payload & { jobId: string } }>();
    return envelope?.payload.jobId === jobId && envelope.payload;
  });
const row = (id: string) => service.get(DataSource).getRepository(JobEntity).findOneByOrFail({ id });
const cancel = (jobId: string) => nats.publish(JobCancelRequested.subject, JSON.stringify({ id: newId(), subject: JobCancelRequested.subject, occurredAt: new Date().toISOString(), project: 'default', payload: { jobId } }));
const never = () => new Promise<never>(() => undefined);
const untilAborted = (signal: AbortSignal) => new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

it('does a job and tells its result', async () => {
  work = (spec) => Promise.resolve({ outputs: {}, metrics: { epochs: spec.epochs } });
  const jobId = await request();
  expect(await fact('completed', jobId)).toMatchObject({ jobId, step: 'train', outputs: {}, metrics: { epochs: 1 } });
  expect(await row(jobId)).toMatchObject({ status: 'succeeded', attempt: 1, leaseEpoch: 1 });
});

it('tries again after a retryable error, with a higher epoch', async () => {
  work = (_spec, job) => (job.attempt < 3 ? Promise.reject(new PlatformError({ code: 'flaky', message: 'not now', retryable: true })) : Promise.resolve(emptyResult));
  const jobId = await request();
  await fact('completed', jobId);
  expect(attempts.map(({ attempt, epoch }) => [attempt, epoch])).toEqual([[1, 1], [2, 2], [3, 3]]);
});

it('gives up when the attempts are used up, and keeps code and facts', async () => {
  work = () => Promise.reject(new PlatformError({ code: 'store-away', message: 'the store is away', facts: { host: 'store' }, retryable: true }));
  const jobId = await request();
  expect(await fact('failed', jobId)).toMatchObject({ error: { code: 'store-away', message: 'the store is away', facts: { host: 'store' } } });
  expect(attempts).toHaveLength(3);
});

it('fails at once when trying again cannot help', async () => {
  work = () => Promise.reject(Object.assign(new Error('expected an answer in each row; row 3 has none'), { code: 'empty-loss-mask', facts: { row: 3 } }));
  const jobId = await request();
  expect(await fact('failed', jobId)).toMatchObject({ error: { code: 'empty-loss-mask', facts: { row: 3 } } });
  expect(attempts).toHaveLength(1);
});

it('refuses outputs that the step kind does not have', async () => {
  work = () => Promise.resolve({ outputs: { weights: { digest: `sha256:${'0'.repeat(64)}`, size: 0, mediaType: 'application/vnd.tunesmith.model.v1+folder' } }, metrics: {} });
  expect(await fact('failed', await request())).toMatchObject({ error: { code: 'unknown-output', message: expect.stringContaining('weights') } });
});

it('keeps its lease while it works: it prolongs it again and again', async () => {
  work = async (_spec, job) => {
    const ends = new Set<number | null>();
    await eventually('the lease to be prolonged twice', async () => ends.add((await row(job.jobId)).leaseExpiresAt).size === 3);
    return emptyResult;
  };
  const jobId = await request();
  await fact('completed', jobId);
  expect(attempts).toHaveLength(1);
  expect((await row(jobId)).leaseEpoch).toBe(1);
});

it('cancels a running job by its signal', async () => {
  work = (_spec, job) => untilAborted(job.signal);
  const jobId = await request();
  await eventually('the start', () => attempts.length === 1);
  cancel(jobId);
  await fact('cancelled', jobId);
  expect(attempts[0]!.signal.reason).toMatchObject({ code: 'cancelled' });
  expect((await row(jobId)).status).toBe('cancelled');
});

it('learns of a cancel by its heartbeat when the signal was lost', async () => {
  work = (_spec, job) => untilAborted(job.signal);
  const jobId = await request();
  await eventually('the start', () => attempts.length === 1);
  await service.get(DataSource).getRepository(JobEntity).update({ id: jobId }, { status: 'cancel-requested' });
  await fact('cancelled', jobId);
});

it('cancels a job whose handler does not listen, after the deadline', async () => {
  work = never;
  const jobId = await request();
  await eventually('the start', () => attempts.length === 1);
  cancel(jobId);
  await fact('cancelled', jobId);
});

it('lets a success lose that comes after the cancel', async () => {
  let finish!: () => void;
  work = () => new Promise((resolve) => (finish = () => resolve(emptyResult)));
  const jobId = await request();
  await eventually('the start', () => attempts.length === 1);
  cancel(jobId);
  await eventually('the abort', () => attempts[0]!.signal.aborted);
  finish();
  await fact('cancelled', jobId);
  expect((await row(jobId)).status).toBe('cancelled');
});

it('aborts work whose lease somebody else has taken, and takes nothing from it', async () => {
  let finish!: () => void;
  work = (_spec, job) => (job.epoch === 1 ? new Promise((resolve) => (finish = () => resolve({ ...emptyResult, metrics: { from: 'stale' } }))) : Promise.resolve({ ...emptyResult, metrics: { from: 'second' } }));
  const jobId = await request();
  await eventually('the start', () => attempts.length === 1);
  // What a claim by another process would do.
  await service.get(DataSource).query('UPDATE job SET lease_epoch = 5, lease_expires_at = 0 WHERE id = ?', [jobId]);
  await eventually('the abort', () => attempts[0]!.signal.aborted);
  expect(attempts[0]!.signal.reason).toMatchObject({ code: 'lease-lost' });
  finish();
  expect(await fact('completed', jobId)).toMatchObject({ metrics: { from: 'second' } });
  expect((await row(jobId)).leaseEpoch).toBe(6);
});

it('thins out progress, and always tells new phases and the last report', async () => {
  const told: JobProgress[] = [];
  const subscription = nats.subscribe(JobProgressed.subject, { callback: (_error, message) => void told.push(message.json<{ payload: { progress: JobProgress } }>().payload.progress) });
  work = (_spec, job) => {
    for (let done = 0; done <= 1000; done += 1) job.progress({ phase: 'train', done, total: 1000 });
    job.progress({ phase: 'save', done: 1 });
    return Promise.resolve(emptyResult);
  };
  await fact('completed', await request());
  await eventually('the last report', () => told.some(({ phase }) => phase === 'save'));
  const trained = told.filter(({ phase }) => phase === 'train').map(({ done }) => done);
  expect([trained[0], trained.at(-1)]).toEqual([0, 1000]);
  expect(trained.length).toBeLessThan(100);
  subscription.unsubscribe();
});

it('gives each attempt an empty folder that goes with it', async () => {
  let path = '';
  work = async (_spec, job) => {
    await using scratch = await job.scratch();
    path = scratch.path;
    await writeFile(join(path, 'file'), 'x');
    return emptyResult;
  };
  await fact('completed', await request());
  await expect(access(path)).rejects.toThrow('ENOENT');
});

it('runs a job again when the service that ran it was killed with -9, and has one result', async () => {
  await using other = await TestPlatform.start();
  const log = join(other.home, 'log');
  const child = await startServiceProcess('hang', log, other.environment);
  const otherNats = await connect({ servers: other.nats.url });
  const payload = trainRequest();
  await publish(otherNats, trainEvents.requested, payload);
  await eventually('the first attempt', async () => (await readFile(log, 'utf8').catch(() => '')).includes('train 1'));
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  const next = await other.service({ handlers: [trainHandler((_spec, job) => Promise.resolve({ ...emptyResult, metrics: { epoch: job.epoch } }))] });
  // As if the minute of its lease had passed.
  await next.get(DataSource).query('UPDATE job SET lease_expires_at = 0');
  const ended = await eventually('the end', async () => {
    const job = await next.get(DataSource).getRepository(JobEntity).findOneByOrFail({ id: payload.jobId });
    return job.status === 'succeeded' && job;
  });
  expect(ended).toMatchObject({ leaseEpoch: 2, attempt: 2, metrics: { epoch: 2 } });
  const otherManager = await jetstreamManager(otherNats);
  await eventually('the fact', async () => (await otherManager.streams.info(streams.facts)).state.messages === 1);
  await otherNats.close();
});

it('goes on at once after an orderly restart, without using an attempt', async () => {
  await using other = await TestPlatform.start();
  const seen: number[][] = [];
  const hanging = trainHandler((_spec, job) => {
    seen.push([job.attempt, job.epoch]);
    return untilAborted(job.signal);
  });
  const first = await other.service({ handlers: [hanging] });
  const otherNats = await connect({ servers: other.nats.url });
  await publish(otherNats, trainEvents.requested, trainRequest());
  await eventually('the start', () => seen.length === 1);
  await first.close();
  await other.service({ handlers: [hanging] });
  await eventually('the second start', () => seen.length === 2);
  expect(seen).toEqual([[1, 1], [1, 2]]);
  await otherNats.close();
});

it('goes on at once after a kill where the owner name is fixed, however long the lease', async () => {
  await using other = await TestPlatform.start();
  const environment = { TUNESMITH_JOB_LEASE_MS: '60000', TUNESMITH_INSTANCE: 'embedded' };
  const log = join(other.home, 'log');
  const child = await startServiceProcess('hang', log, { ...other.environment, ...environment });
  const otherNats = await connect({ servers: other.nats.url });
  await publish(otherNats, trainEvents.requested, trainRequest());
  await eventually('the first attempt', async () => (await readFile(log, 'utf8').catch(() => '')).includes('train 1'));
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  let epoch = 0;
  await other.service({ handlers: [trainHandler((_spec, job) => {
    epoch = job.epoch;
    return Promise.resolve(emptyResult);
  })] }, environment);
  await eventually('the second attempt', () => epoch === 2);
  await otherNats.close();
});
