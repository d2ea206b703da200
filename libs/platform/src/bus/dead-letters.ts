import type { JsMsg } from '@nats-io/jetstream';
import { headers as newHeaders, type MsgHdrs } from '@nats-io/transport-node';
import type { ServiceName } from '@tunesmith/contracts';
import { z } from 'zod';
import { jobErrorOf } from '../errors/job-error-of.js';
import type { BusConnection } from './bus-connection.js';

/** Where a dead message came from and why it is dead. */
interface Death {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  readonly stream: string;
  readonly sequence: number;
  readonly deliveries: number;
  readonly reason: { code: string; message: string };
}

const Advisory = z.object({ stream: z.string(), consumer: z.string(), stream_seq: z.int(), deliveries: z.int() });

/**
 * Messages that nobody could handle, kept for 30 days on `dead-letters.SERVICE.SUBJECT`: the bytes as they came, and in
 * headers the reason, the code, and where it stood.
 */
export class DeadLetters {
  constructor(private readonly connection: BusConnection, private readonly service: ServiceName) {}

  /** Keeps a message that its handler gave up. */
  async keep(message: JsMsg, error: unknown): Promise<string> {
    const { code, message: text } = jobErrorOf(error);
    const { stream, streamSequence, deliveryCount } = message.info;
    await this.publish({ subject: message.subject, data: message.data, headers: message.headers, stream, sequence: streamSequence, deliveries: deliveryCount, reason: { code, message: text } });
    return oneLine(`${code}: ${text}`);
  }

  /** Keeps the message of a MAX_DELIVERIES advisory: its last delivery ended without an answer, because the process died or hung. */
  async keepUnanswered(advisory: JsMsg): Promise<void> {
    const { stream, stream_seq: sequence, deliveries } = Advisory.parse(advisory.json());
    const stored = await this.connection.manager.streams.getMessage(stream, { seq: sequence });
    if (!stored) return;
    const reason = { code: 'unanswered', message: `delivered ${deliveries} times, never answered: the service died or hung each time` };
    await this.publish({ subject: stored.subject, data: stored.data, headers: stored.header, stream, sequence, deliveries, reason });
    // A work queue keeps what was never acknowledged, for ever.
    await this.connection.manager.streams.deleteMessage(stream, sequence);
  }

  private async publish(death: Death): Promise<void> {
    const headers = newHeaders();
    for (const [name, values] of death.headers ?? []) {
      if (!name.toLowerCase().startsWith('nats-')) for (const value of values) headers.append(name, value);
    }
    const facts = { reason: death.reason.message, code: death.reason.code, stream: death.stream, sequence: death.sequence, deliveries: death.deliveries };
    for (const [name, value] of Object.entries(facts)) headers.set(`tunesmith-${name}`, oneLine(String(value)));
    await this.connection.jetstream.publish(`dead-letters.${this.service}.${death.subject}`, death.data, {
      headers, msgID: `${death.stream}:${death.sequence}:${this.service}:dead`, retries: 3,
    });
  }
}

/** Headers and reasons are single lines. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 1000 ? `${line.slice(0, 999)}…` : line;
}
