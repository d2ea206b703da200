import type { JsMsg } from '@nats-io/jetstream';
import type { EventDefinition } from '@tunesmith/contracts';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Database } from '../database/database.js';
import { nowExpression } from '../database/database-time.js';
import { sql } from '../database/sql.js';
import { PlatformError } from '../errors/platform-error.js';
import type { Outbox } from '../jobs/outbox.js';
import type { Delivery, SendOptions } from './delivery.js';
import type { OpenMessage } from './open-message.js';
import { skipped, type Outcome } from './outcome.js';

/** Writes the inbox row; false when the event was handled before. */
export async function enterInbox(manager: EntityManager, eventId: string, subject: string): Promise<boolean> {
  const rows = await sql(manager)`
    INSERT INTO inbox (event_id, subject, received_at) VALUES (${eventId}, ${subject}, ${nowExpression(manager)}) ON CONFLICT DO NOTHING RETURNING event_id`;
  return rows.length > 0;
}

/** Hands facts to their handlers, each in one transaction with its inbox row and what the handler sends. */
export class FactReceiver {
  constructor(private readonly database: Database, private readonly outbox: Outbox) {}

  receive(opened: OpenMessage, message: JsMsg, emits: readonly EventDefinition[], handle: (payload: unknown, delivery: Delivery) => Promise<Outcome>): Promise<Outcome> {
    const { envelope, payload } = opened;
    return this.database.transaction(async (manager) => {
      if (!(await enterInbox(manager, envelope.id, envelope.subject))) return skipped(`event ${envelope.id} was handled before`);
      return handle(payload, deliveryOf(opened, message.info.deliveryCount, manager, this.outbox, emits));
    });
  }
}

export function deliveryOf({ envelope }: OpenMessage, attempt: number, transaction: EntityManager, outbox: Outbox, emits: readonly EventDefinition[]): Delivery {
  return {
    eventId: envelope.id, subject: envelope.subject, project: envelope.project, occurredAt: new Date(envelope.occurredAt), attempt, transaction,
    send: async <Event extends EventDefinition>(event: Event, payload: z.input<Event['payload']>, options: SendOptions = {}) => {
      if (!emits.some(({ subject }) => subject === event.subject)) {
        throw new PlatformError({ code: 'unlisted-event', message: `Expected one of the events that the handler's emits names (${emits.map(({ subject }) => subject).join(', ') || 'none'}); got ${event.subject}. Add it to emits.` });
      }
      return outbox.send(transaction, event, payload, { project: envelope.project, ...options });
    },
  };
}
