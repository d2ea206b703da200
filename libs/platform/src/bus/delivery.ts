import type { EventDefinition, PayloadOf } from '@tunesmith/contracts';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Outcome } from './outcome.js';

/** What a handler of facts is given beside the payload. */
export interface Delivery {
  readonly eventId: string;
  /** Which event came, for handlers that hear several. */
  readonly subject: string;
  readonly project: string;
  readonly occurredAt: Date;
  /** 1 at the first delivery. */
  readonly attempt: number;
  /**
   * The one transaction of this delivery: what the handler writes with it, its inbox row and what it sends are committed
   * together or not at all. Every read and write of the handler goes through it (`transaction.getRepository(X)`).
   */
  readonly transaction: EntityManager;
  /** Puts an event into the outbox within the transaction. Only events that the handler's `emits` names. Returns the event id. */
  send<Event extends EventDefinition>(event: Event, payload: z.input<Event['payload']>, options?: SendOptions): Promise<string>;
}

export interface SendOptions {
  /** Default: the project of the delivery, or `default`. */
  project?: string;
  /** Sends again what was sent before under this id, instead of sending something new. */
  id?: string;
  /** Trace that the event continues, as a W3C traceparent. Default: the active span. */
  traceparent?: string;
}

export interface FactHandler<Event extends EventDefinition = EventDefinition> {
  handle(payload: PayloadOf<Event>, delivery: Delivery): Promise<Outcome>;
}
