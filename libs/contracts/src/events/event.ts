import { z } from 'zod';
import { Id, Name } from '../ids.js';

/**
 * One message that services exchange. A *request* asks its owner to do a job and lives in the work-queue stream; a *fact*
 * tells what has happened and lives in the limits stream; a *signal* is a live hint that may be lost (core NATS).
 */
export interface EventDefinition<Payload extends z.ZodType = z.ZodType> {
  /** Subject with its version, such as `train.requested.v1`. */
  readonly subject: string;
  readonly kind: 'request' | 'fact' | 'signal';
  /** The service that handles the request, or that publishes the fact or signal. */
  readonly owner: ServiceName;
  /** Who sends it, who reacts, and what counts. */
  readonly description: string;
  readonly payload: Payload;
}

export const serviceNames = ['registry', 'synthesis', 'trainer', 'merger', 'evaluator', 'quantizer'] as const;
export type ServiceName = (typeof serviceNames)[number];

export type PayloadOf<Event> = Event extends EventDefinition<infer Payload> ? z.output<Payload> : never;

export function defineEvent<Payload extends z.ZodType>(definition: EventDefinition<Payload>): EventDefinition<Payload> {
  return Object.freeze(definition);
}

/** What travels as the body of every message; trace context travels beside it, in headers. */
export const Envelope = z.strictObject({
  id: Id.describe('The event id; also the Nats-Msg-Id. A repeated send keeps it.'),
  subject: z.string(),
  occurredAt: z.iso.datetime(),
  project: Name,
  payload: z.unknown(),
});
export type Envelope = z.infer<typeof Envelope>;
