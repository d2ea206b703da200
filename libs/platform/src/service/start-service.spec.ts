import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { DatasetRegistered, JobProgressed, newId, type PayloadOf } from '@tunesmith/contracts';
import { eventually } from '@tunesmith/tests-support';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { Bus } from '../bus/bus.js';
import { BusConnection } from '../bus/bus-connection.js';
import { Handles } from '../bus/handles.js';
import { done, type Outcome } from '../bus/outcome.js';
import { streams } from '../bus/topology.js';
import { Database } from '../database/database.js';
import { Outbox } from '../jobs/outbox.js';
import { OutboxEntity } from '../jobs/outbox.entity.js';
import { mergeHandlers } from '../testing/merge-handler.js';
import { TestPlatform, trainEvents, trainRequest } from '../testing/test-service.js';
import { doesNothing } from '../testing/train-handlers.js';

let platform: TestPlatform;
beforeAll(async () => void (platform = await TestPlatform.start()));
afterAll(() => platform[Symbol.asyncDispose]());

const health = async (url: string | null, path: string) => {
  const response = await fetch(`${url}/health/${path}`);
  return { status: response.status, body: (await response.json()) as { message?: string } };
};

it('tells whether it lives and whether it is ready', async () => {
  const service = await platform.service({ handlers: [doesNothing] }, { TUNESMITH_HTTP_PORT: '0' });
  expect((await health(service.url, 'live')).status).toBe(200);
  expect((await health(service.url, 'ready')).status).toBe(200);
  await platform.nats.stop();
  const away = await eventually('the broker to be missed', async () => {
    const answer = await health(service.url, 'ready');
    return answer.status === 503 && answer;
  });
  expect(away.body.message).toContain('the broker is away');
  expect((await health(service.url, 'live')).status).toBe(200);
  await platform.nats.startAgain();
  await eventually('the broker to be back', async () => (await health(service.url, 'ready')).status === 200);
  await service.close();
});

it('says that its port is taken, and leaves nothing open', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await expect(platform.service({ handlers: [doesNothing] }, { TUNESMITH_HTTP_PORT: String(port) })).rejects.toMatchObject({ code: 'port-in-use', message: expect.stringContaining(`port ${port}`) });
  await new Promise((resolve) => other.close(resolve));
  // Any port: this one may be somebody else's by now.
  const again = await platform.service({ handlers: [doesNothing] }, { TUNESMITH_HTTP_PORT: '0' });
  await again.close();
});

it('refuses to start with handlers that do not fit or a bad environment', async () => {
  await expect(platform.service({ handlers: [] })).rejects.toMatchObject({ code: 'handlers-incomplete' });
  await expect(platform.service({ handlers: [doesNothing] }, { TUNESMITH_HTTP_PORT: 'eighty', TUNESMITH_ARTEFACTS: 'x' })).rejects.toMatchObject({ code: 'bad-configuration', facts: { problems: [expect.any(String), expect.stringContaining('TUNESMITH_ARTIFACTS')] } });
});

it('says which broker it cannot reach', async () => {
  await expect(BusConnection.open({ url: 'nats://127.0.0.1:1', name: 'spec', replicas: 1, patience: 300 })).rejects.toMatchObject({ code: 'broker-unreachable', message: expect.stringContaining('TUNESMITH_NATS_URL') });
});

it('hears signals in every replica, and an error in one does not end them', async () => {
  const heard: string[] = [];
  const hears = (replica: string) => {
    @Handles(JobProgressed)
    class JobProgressedHandler {
      handle({ progress }: PayloadOf<typeof JobProgressed>): Promise<Outcome> {
        heard.push(`${replica} ${progress.done}`);
        if (progress.done === 0) throw new Error('the first one always fails');
        return Promise.resolve(done());
      }
    }
    return JobProgressedHandler;
  };
  const first = await platform.service({ handlers: [doesNothing, hears('first')] });
  const second = await platform.service({ handlers: [doesNothing, hears('second')] }, { TUNESMITH_DATABASE_URL: `sqlite:${join(platform.home, 'second')}` });
  for (const count of [0, 1]) first.get(Bus).signal(JobProgressed, { jobId: newId(), runId: newId(), step: 'train', progress: { phase: 'train', done: count } });
  await eventually('all four', () => heard.length === 4);
  expect([...heard].sort()).toEqual(['first 0', 'first 1', 'second 0', 'second 1']);
  await first.close();
  await second.close();
});

it('empties its outbox before it leaves', async () => {
  const service = await platform.service({ handlers: [doesNothing] });
  const requests = Array.from({ length: 60 }, () => trainRequest()); // more than one round takes
  const closing = service.get(Database).transaction(async (manager) => {
    for (const request of requests) await service.get(Outbox).send(manager, trainEvents.requested, request);
  }).then(() => service.close());
  await closing;
  const nats = await connect({ servers: platform.nats.url });
  const manager = await jetstreamManager(nats);
  // Some of them may have become jobs already; all of them reached the broker.
  const { state } = await manager.streams.info(streams.requests);
  expect(state.last_seq).toBeGreaterThanOrEqual(60);
  await nats.close();
});

describe('Outbox', () => {
  it('does not let an event that the broker refuses hold up the others', async () => {
    const service = await platform.service({ service: 'merger', handlers: mergeHandlers });
    const { manager } = service.get(DataSource);
    const poison = { id: '00000000-0000-7000-8000-000000000000', subject: 'nobody.hears.v1', body: '{}', createdAt: 0, attempts: 0, nextAttemptAt: 0 };
    await manager.insert(OutboxEntity, poison);
    const id = await service.get(Outbox).send(manager, trainEvents.requested, trainRequest());
    await eventually('the good one', async () => (await manager.findOneByOrFail(OutboxEntity, { id })).sentAt);
    await eventually('another try of the bad one', async () => (await manager.findOneByOrFail(OutboxEntity, { id: poison.id })).attempts > 1);
    expect((await manager.findOneByOrFail(OutboxEntity, { id: poison.id })).sentAt).toBeNull();
    await manager.delete(OutboxEntity, { id: poison.id });
    await service.close();
  });

  it('refuses what is not valid, too large, or only a signal, and then writes nothing', async () => {
    const service = await platform.service({ service: 'merger', handlers: mergeHandlers });
    const outbox = service.get(Outbox);
    const { manager } = service.get(DataSource);
    const before = await manager.count(OutboxEntity);
    await expect(outbox.send(manager, trainEvents.requested, { ...trainRequest(), step: 'no such name' })).rejects.toMatchObject({ code: 'invalid-payload', message: expect.stringContaining('train.requested.v1') });
    await expect(outbox.send(manager, JobProgressed, { jobId: newId(), runId: newId(), step: 'train', progress: { phase: 'x', done: 0 } })).rejects.toMatchObject({ code: 'wrong-event-kind' });
    const metrics = { text: 'x'.repeat(1_000_000) };
    await expect(outbox.send(manager, trainEvents.completed, { jobId: newId(), runId: newId(), step: 'train', outputs: {}, metrics })).rejects.toMatchObject({ code: 'payload-too-large' });
    expect(() => service.get(Bus).signal(DatasetRegistered, { datasetId: newId(), name: 'x', version: 1, artifact: trainRequest().spec.dataset, rows: 1 })).toThrow('Use the outbox');
    expect(await manager.count(OutboxEntity)).toBe(before);
    await service.close();
  });
});
