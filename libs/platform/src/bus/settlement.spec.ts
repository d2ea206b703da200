import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { DatasetRegistered, evaluate, newId, type PayloadOf } from '@tunesmith/contracts';
import { eventually } from '@tunesmith/tests-support';
import { DataSource } from 'typeorm';
import { PlatformError } from '../errors/platform-error.js';
import { InboxEntity } from '../jobs/inbox.entity.js';
import { JobEntity } from '../jobs/job.entity.js';
import { OutboxEntity } from '../jobs/outbox.entity.js';
import type { RunningService } from '../service/start-service.js';
import { datasetRegistered, publish, someRef, TestPlatform, trainEvents, trainRequest } from '../testing/test-service.js';
import { datasetHandler, emptyResult, trainHandler } from '../testing/train-handlers.js';
import type { Delivery } from './delivery.js';
import { done, skipped, type Outcome } from './outcome.js';
import { streams } from './topology.js';

type Payload = PayloadOf<typeof DatasetRegistered>;

// One row of the table at the head of settlement.ts after the other, on a real broker.

let platform: TestPlatform;
let service: RunningService;
let nats: NatsConnection;
let manager: JetStreamManager;
let handle: (payload: Payload, delivery: Delivery) => Promise<Outcome>;
let calls: number;

beforeAll(async () => {
  platform = await TestPlatform.start();
  service = await platform.service({
    handlers: [trainHandler(() => Promise.resolve(emptyResult)), datasetHandler((payload, delivery) => {
      calls += 1;
      return handle(payload, delivery);
    })],
  });
  nats = await connect({ servers: platform.nats.url });
  manager = await jetstreamManager(nats);
});
afterAll(async () => {
  await nats.close();
  await platform[Symbol.asyncDispose]();
});
beforeEach(async () => {
  calls = 0;
  await manager.streams.purge(streams.deadLetters);
});

const evaluationRequest = () => ({ jobId: newId(), runId: newId(), step: 'evaluate', spec: { model: someRef, dataset: someRef, tasks: [{ kind: 'loss' as const, name: 'qa', tag: 'qa' }] } });
const repository = <Entity extends object>(entity: new () => Entity) => service.get(DataSource).getRepository(entity);
const settled = (stream: string) =>
  eventually(`an idle consumer of ${stream}`, async () => {
    const info = await manager.consumers.info(stream, 'trainer');
    return info.num_pending === 0 && info.num_ack_pending === 0 && info.num_redelivered === 0;
  });
const deadLetter = () =>
  eventually('a dead letter', async () => {
    const message = await manager.streams.getMessage(streams.deadLetters, { last_by_subj: 'dead-letters.trainer.>' });
    return message && { subject: message.subject, code: message.header.get('tunesmith-code'), reason: message.header.get('tunesmith-reason'), deliveries: message.header.get('tunesmith-deliveries'), body: message.string() };
  });
const deadLetterCount = async () => (await manager.streams.info(streams.deadLetters)).state.messages;

describe('a fact', () => {
  it('done: commits the effect, the inbox row and what was sent, then acks', async () => {
    handle = async (_payload, delivery) => {
      await delivery.send(evaluate.events!.requested, evaluationRequest());
      return done();
    };
    const { id } = await publish(nats, DatasetRegistered, datasetRegistered());
    await eventually('the inbox row', () => repository(InboxEntity).findOneBy({ eventId: id }));
    await settled(streams.facts);
    const sent = await eventually('the event to be sent', async () => (await repository(OutboxEntity).find()).find((row) => row.subject === 'evaluate.requested.v1' && row.sentAt !== null));
    const message = await manager.streams.getMessage(streams.requests, { last_by_subj: 'evaluate.requested.v1' });
    expect(message?.header.get('Nats-Msg-Id')).toBe(sent.id);
    expect(message?.header.get('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(calls).toBe(1);
  });

  it('skipped: acks, and remembers the event', async () => {
    handle = () => Promise.resolve(skipped('nobody waits for it'));
    const { id } = await publish(nats, DatasetRegistered, datasetRegistered());
    await eventually('the inbox row', () => repository(InboxEntity).findOneBy({ eventId: id }));
    await settled(streams.facts);
    expect(calls).toBe(1);
    expect(await deadLetterCount()).toBe(0);
  });

  it('delivered twice: has one effect', async () => {
    handle = () => Promise.resolve(done());
    const payload = datasetRegistered();
    const { id } = await publish(nats, DatasetRegistered, payload);
    await publish(nats, DatasetRegistered, payload, { id });
    await settled(streams.facts);
    await eventually('both to be seen', async () => (await manager.consumers.info(streams.facts, 'trainer')).ack_floor.stream_seq === (await manager.streams.info(streams.facts)).state.last_seq);
    expect(calls).toBe(1);
  });

  it('a retryable error: rolls back, and comes again after the delay', async () => {
    const outboxBefore = await repository(OutboxEntity).count();
    handle = async (_payload, delivery) => {
      await delivery.send(evaluate.events!.requested, evaluationRequest());
      if (delivery.attempt < 2) throw new PlatformError({ code: 'not-yet', message: 'not yet', retryable: true });
      return done();
    };
    const { id } = await publish(nats, DatasetRegistered, datasetRegistered());
    await eventually('the inbox row', () => repository(InboxEntity).findOneBy({ eventId: id }));
    await settled(streams.facts);
    expect(calls).toBe(2);
    // The first delivery sent too, but was rolled back.
    expect(await repository(OutboxEntity).count()).toBe(outboxBefore + 1);
    expect(await deadLetterCount()).toBe(0);
  });

  it('any other error: goes to the dead letters with code and reason, and is terminated', async () => {
    handle = () => Promise.reject(new TypeError('undefined is not a dataset'));
    const { id } = await publish(nats, DatasetRegistered, datasetRegistered('broken'));
    expect(await deadLetter()).toMatchObject({ subject: 'dead-letters.trainer.dataset.registered.v1', code: 'internal', reason: 'undefined is not a dataset', deliveries: '1', body: expect.stringContaining(id) });
    await settled(streams.facts);
    expect(calls).toBe(1);
    expect(await repository(InboxEntity).findOneBy({ eventId: id })).toBeNull();
    const terminated = await manager.streams.getMessage(streams.advisories, { last_by_subj: '$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>' });
    expect(terminated?.json<{ reason: string }>().reason).toBe('internal: undefined is not a dataset');
  });

  it('a retryable error at the last delivery: goes to the dead letters', async () => {
    handle = () => Promise.reject(new PlatformError({ code: 'never-works', message: 'never works', retryable: true }));
    await publish(nats, DatasetRegistered, datasetRegistered());
    expect(await deadLetter()).toMatchObject({ code: 'never-works', deliveries: '3' });
    await settled(streams.facts);
    expect(calls).toBe(3);
  });

  it('a slow handler: the bus says again and again that it works, so that the ack wait does not end', async () => {
    const told: string[] = [];
    await using other = await TestPlatform.start();
    const otherNats = await connect({ servers: other.nats.url });
    otherNats.subscribe('$JS.ACK.>', { callback: (_error, message) => void told.push(message.string()) });
    const handlers = [trainHandler(() => Promise.resolve(emptyResult)), datasetHandler(async () => {
      await eventually('three signs of life', () => told.filter((text) => text === '+WPI').length >= 3);
      return done();
    })];
    await other.service({ handlers, delivery: { ackWait: 1500, maxDeliver: 50, retryDelay: () => 20 } });
    await publish(otherNats, DatasetRegistered, datasetRegistered());
    await eventually('its ack', () => told.includes('+ACK'));
    await otherNats.close();
  });

  it('a send that emits does not name: is an error of the code', async () => {
    handle = async (_payload, delivery) => {
      await delivery.send(trainEvents.requested, trainRequest());
      return done();
    };
    await publish(nats, DatasetRegistered, datasetRegistered());
    expect(await deadLetter()).toMatchObject({ code: 'unlisted-event', reason: expect.stringContaining('Add it to emits') });
  });
});

describe('a message that is not valid', () => {
  it.each([
    ['no JSON', 'x{', 'expected JSON on dataset.registered.v1'],
    ['no envelope', '{"payload":{}}', 'expected an envelope on dataset.registered.v1'],
    ['the envelope of another event', JSON.stringify({ id: newId(), subject: 'train.completed.v1', occurredAt: new Date().toISOString(), project: 'default', payload: {} }), 'got one for train.completed.v1'],
    ['a payload that does not fit', JSON.stringify({ id: newId(), subject: 'dataset.registered.v1', occurredAt: new Date().toISOString(), project: 'default', payload: { ...datasetRegistered(), rows: -1 } }), 'rows'],
  ])('%s: goes to the dead letters with what is wrong', async (_what, body, reason) => {
    await manager.jetstream().publish('dataset.registered.v1', body);
    const letter = await deadLetter();
    expect(letter).toMatchObject({ code: 'invalid-message', body });
    expect(letter.reason).toContain(reason);
    await settled(streams.facts);
    expect(calls).toBe(0);
  });

  it('a request that says which job it is: fails the job', async () => {
    const request = { ...trainRequest(), spec: { model: 'smollm2' } };
    await publish(nats, trainEvents.requested, request);
    expect(await deadLetter()).toMatchObject({ subject: 'dead-letters.trainer.train.requested.v1', code: 'invalid-message' });
    const message = await eventually('the fact', () => manager.streams.getMessage(streams.facts, { last_by_subj: 'train.failed.v1' }));
    expect(message.json()).toMatchObject({ payload: { jobId: request.jobId, runId: request.runId, step: 'train', error: { code: 'invalid-message', message: expect.stringContaining('dataset') } } });
    await settled(streams.requests);
  });
});

describe('a request', () => {
  it('becomes one job row however often it comes, and its fact is told once more each time it comes after the end', async () => {
    const request = trainRequest();
    await publish(nats, trainEvents.requested, request);
    const completed = async (): Promise<string[]> => {
      const info = await manager.streams.info(streams.facts);
      const ids: string[] = [];
      for (let sequence = 1; sequence <= info.state.last_seq; sequence += 1) {
        const message = await manager.streams.getMessage(streams.facts, { seq: sequence });
        if (message?.subject === 'train.completed.v1' && message.string().includes(request.jobId)) ids.push(message.json<{ id: string }>().id);
      }
      return ids;
    };
    await eventually('the fact', async () => (await completed()).length === 1);
    const sentFirst = await eventually('the fact to be known as sent', async () => (await repository(OutboxEntity).findOneByOrFail({ subject: 'train.completed.v1' })).sentAt);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await publish(nats, trainEvents.requested, request);
    await eventually('the fact to be sent again', async () => ((await repository(OutboxEntity).findOneByOrFail({ subject: 'train.completed.v1' })).sentAt ?? 0) > sentFirst);
    // The broker knows the id and stores it once.
    expect(await completed()).toHaveLength(1);
    expect(await repository(JobEntity).countBy({ id: request.jobId })).toBe(1);
    await settled(streams.requests);
  });
});
