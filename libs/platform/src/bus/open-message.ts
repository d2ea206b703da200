import { Envelope, findEvent, type EventDefinition } from '@tunesmith/contracts';
import { z } from 'zod';
import { PlatformError } from '../errors/platform-error.js';

/** A message whose envelope and payload have been checked. */
export interface OpenMessage {
  readonly event: EventDefinition;
  readonly envelope: Envelope;
  readonly payload: unknown;
}

/** What came is not what its subject promises. It will not get better: the bus gives it to the dead letters. */
export class InvalidMessageError extends PlatformError {}

/** Checks a message at the door, so that no handler ever sees one that is not valid. */
export function openMessage(subject: string, data: Uint8Array): OpenMessage {
  const event = findEvent(subject);
  if (!event) throw invalid(`expected the subject of an event in the catalogue; got "${subject}"`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch (error) {
    throw invalid(`expected JSON on ${subject}; got ${data.length} bytes that are not (${error instanceof Error ? error.message : String(error)})`);
  }
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) throw invalid(`expected an envelope on ${subject}; got one with these problems: ${z.prettifyError(envelope.error)}`);
  if (envelope.data.subject !== subject) throw invalid(`expected an envelope for ${subject}; got one for ${envelope.data.subject}`);
  const payload = event.payload.safeParse(envelope.data.payload);
  if (!payload.success) throw invalid(`expected a payload that fits ${subject}; got one with these problems: ${z.prettifyError(payload.error)}`);
  return { event, envelope: envelope.data, payload: payload.data };
}

function invalid(message: string): InvalidMessageError {
  return new InvalidMessageError({ code: 'invalid-message', message });
}
