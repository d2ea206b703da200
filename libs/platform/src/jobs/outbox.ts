import { newId, type EventDefinition } from '@tunesmith/contracts';
import type { EntityManager, QueryRunner } from 'typeorm';
import { z } from 'zod';
import type { SendOptions } from '../bus/delivery.js';
import type { Database } from '../database/database.js';
import { databaseNow } from '../database/database-time.js';
import { PlatformError } from '../errors/platform-error.js';
import { activeCarrier, rootCarrier } from '../telemetry/trace-carrier.js';
import { OutboxEntity } from './outbox.entity.js';

/** The broker takes 1 MiB with headers; data belongs into artifacts. */
const largestBody = 900_000;

/**
 * Sends requests and facts: a row in the transaction of whatever they tell about, published by the relay once the
 * transaction is committed. So an event is sent if and only if what it tells is true.
 */
export class Outbox {
  private readonly touched = new WeakSet<QueryRunner>();
  private wakeRelay: () => void = () => {};

  constructor(database: Database) {
    database.onCommit((runner) => {
      if (runner && this.touched.delete(runner)) this.wakeRelay();
    });
  }

  /**
   * Puts an event into the outbox with `manager`'s transaction. Returns its id. With `options.id` the event of that id is
   * sent again as it was, if it is still there.
   *
   * @throws PlatformError `invalid-payload` when the payload does not fit the event's schema.
   */
  async send<Event extends EventDefinition>(manager: EntityManager, event: Event, payload: z.input<Event['payload']>, options: SendOptions = {}): Promise<string> {
    const id = options.id ?? newId();
    const body = envelopeText(event, payload, id, options.project ?? 'default');
    const carrier = options.traceparent ? rootCarrier(options.traceparent) : activeCarrier();
    await manager.upsert(
      OutboxEntity,
      {
        id, subject: event.subject, body, traceparent: carrier?.traceparent ?? null, tracestate: carrier?.tracestate ?? null,
        createdAt: await databaseNow(manager), attempts: 0, nextAttemptAt: 0, sentAt: null,
      },
      ['id'],
    );
    const runner = manager.queryRunner;
    if (runner?.isTransactionActive) this.touched.add(runner);
    else this.wakeRelay();
    return id;
  }

  /** Called by the relay. */
  onCommitted(wake: () => void): void {
    this.wakeRelay = wake;
  }
}

function envelopeText(event: EventDefinition, payload: unknown, id: string, project: string): string {
  if (event.kind === 'signal') {
    throw new PlatformError({ code: 'wrong-event-kind', message: `Expected a request or a fact; ${event.subject} is a signal, which may be lost. Use bus.signal.` });
  }
  const parsed = event.payload.safeParse(payload);
  if (!parsed.success) {
    throw new PlatformError({ code: 'invalid-payload', message: `Expected a payload that fits ${event.subject}; got one with these problems:\n${z.prettifyError(parsed.error)}` });
  }
  const text = JSON.stringify({ id, subject: event.subject, occurredAt: new Date().toISOString(), project, payload: parsed.data });
  if (Buffer.byteLength(text) > largestBody) {
    throw new PlatformError({ code: 'payload-too-large', message: `Expected at most ${largestBody} bytes for ${event.subject}; got ${Buffer.byteLength(text)}. Put data into an artifact and send its reference.` });
  }
  return text;
}
