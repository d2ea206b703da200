import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { DatasetRegistered } from '@tunesmith/contracts';
import { eventually } from '@tunesmith/tests-support';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { Database } from '../database/database.js';
import { InboxEntity } from '../jobs/inbox.entity.js';
import { Outbox } from '../jobs/outbox.js';
import { OutboxEntity } from '../jobs/outbox.entity.js';
import { mergeHandlers } from '../testing/merge-handler.js';
import { startServiceProcess } from '../testing/service-child.js';
import { datasetRegistered, publish, TestPlatform, trainEvents, trainRequest } from '../testing/test-service.js';
import { datasetHandler, doesNothing, emptyResult, trainHandler } from '../testing/train-handlers.js';
import { done } from './outcome.js';
import { streams } from './topology.js';

/** What the killed process held is delivered again after two seconds, as `service-process` has it. */
const soonAgain = { ackWait: 2000, maxDeliver: 3, retryDelay: () => 20 };

const lines = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

describe('a service killed with -9', () => {
  it.each([
    ['after the commit and before the ack: the event comes again and finds its inbox row', 'die-after-commit', 1, 0],
    ['before the commit: nothing of it happened, and the event is handled by the next', 'die-before-commit', 1, 1],
  ] as const)('%s', async (_what, mode, runsBefore, runsAfter) => {
    await using platform = await TestPlatform.start();
    const log = join(platform.home, 'log');
    const child = await startServiceProcess(mode, log, platform.environment);
    const nats = await connect({ servers: platform.nats.url });
    const exited = once(child, 'exit');
    const { id } = await publish(nats, DatasetRegistered, datasetRegistered());
    expect((await exited)[1]).toBe('SIGKILL');
    expect(await lines(log)).toHaveLength(runsBefore);

    let runs = 0;
    const service = await platform.service({
      delivery: soonAgain,
      handlers: [doesNothing, datasetHandler(() => {
        runs += 1;
        return Promise.resolve(done());
      })],
    });
    const manager = await jetstreamManager(nats);
    await eventually('the event to be settled', async () => {
      const { num_ack_pending: pending, ack_floor: floor } = await manager.consumers.info(streams.facts, 'trainer');
      return pending === 0 && floor.stream_seq === 1;
    });
    expect(runs).toBe(runsAfter);
    expect(await service.get(DataSource).getRepository(InboxEntity).countBy({ eventId: id })).toBe(1);
    // What the killed process had sent in its transaction is sent by the next one, once.
    await eventually('an empty outbox', async () => (await service.get(DataSource).getRepository(OutboxEntity).find()).every((row) => row.sentAt !== null));
    expect((await manager.streams.info(streams.requests)).state.messages).toBe(mode === 'die-after-commit' ? 1 : 0);
    await nats.close();
  });

  it('at every delivery: the advisory brings the message to the dead letters', async () => {
    await using platform = await TestPlatform.start();
    const nats = await connect({ servers: platform.nats.url });
    const log = join(platform.home, 'log');
    for (let life = 1; life <= 3; life += 1) {
      const child = await startServiceProcess('die-before-commit', log, platform.environment);
      const exited = child.signalCode === null ? once(child, 'exit') : Promise.resolve();
      if (life === 1) await publish(nats, DatasetRegistered, datasetRegistered());
      await exited;
    }
    await platform.service({ delivery: soonAgain, handlers: [doesNothing, datasetHandler(() => Promise.resolve(done()))] });
    const manager = await jetstreamManager(nats);
    const letter = await eventually('the dead letter', () => manager.streams.getMessage(streams.deadLetters, { last_by_subj: 'dead-letters.trainer.dataset.registered.v1' }));
    expect(letter.header.get('tunesmith-code')).toBe('unanswered');
    expect(letter.header.get('tunesmith-deliveries')).toBe('3');
    expect(await lines(log)).toHaveLength(3);
    await nats.close();
  });
});

describe('a broker that comes back with an empty store', () => {
  it('has its streams again, and what was committed meanwhile arrives', async () => {
    await using platform = await TestPlatform.start();
    const heard: string[] = [];
    const service = await platform.service({
      handlers: [trainHandler(() => Promise.resolve(emptyResult)), datasetHandler(({ name }) => {
        heard.push(name);
        return Promise.resolve(done());
      })],
    });
    const nats = await connect({ servers: platform.nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    await publish(nats, DatasetRegistered, datasetRegistered('before'));
    await eventually('the first event', () => heard.includes('before'));

    await platform.nats.stop('SIGKILL');
    // The service lives on: an event is committed while nobody could take it.
    const database = service.get(Database);
    const request = trainRequest();
    await database.transaction((manager) => service.get(Outbox).send(manager, trainEvents.requested, request));
    await platform.nats.startAgain({ wipe: true });

    const manager = await jetstreamManager(nats, { checkAPI: false });
    await eventually('the streams', async () => (await manager.streams.names().next()).length === 4);
    // The outbox drove the request through the new streams, to our own job table, and its fact out again.
    await eventually('the fact of the job', () => manager.streams.getMessage(streams.facts, { last_by_subj: 'train.completed.v1' }));
    await publish(nats, DatasetRegistered, datasetRegistered('after'));
    await eventually('the event after', () => heard.includes('after'));
    await nats.close();
  });

  it('mends streams and consumers that somebody deleted or changed while it runs', async () => {
    await using platform = await TestPlatform.start();
    const heard: string[] = [];
    await platform.service({
      handlers: [doesNothing, datasetHandler(({ name }) => {
        heard.push(name);
        return Promise.resolve(done());
      })],
    });
    const nats = await connect({ servers: platform.nats.url });
    const manager = await jetstreamManager(nats);
    await manager.streams.delete(streams.facts);
    await eventually('the stream', () => manager.consumers.info(streams.facts, 'trainer'));
    await publish(nats, DatasetRegistered, datasetRegistered('once-more'));
    await eventually('the event', () => heard.includes('once-more'));

    await manager.streams.update(streams.facts, { ...(await manager.streams.info(streams.facts)).config, max_bytes: 1 << 20 });
    await platform.service({ service: 'merger', handlers: mergeHandlers });
    expect((await manager.streams.info(streams.facts)).config.max_bytes).toBe(1 << 30);
    await nats.close();
  });
});
