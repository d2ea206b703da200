import { Logger } from '@nestjs/common';
import { newId, type EventDefinition } from '@tunesmith/contracts';
import { z } from 'zod';
import { PlatformError } from '../errors/platform-error.js';
import type { BusConnection } from './bus-connection.js';

/** Sends signals: live hints that may be lost. Requests and facts go through the outbox. */
export class Bus {
  private readonly logger = new Logger('Bus');

  constructor(private readonly connection: BusConnection) {}

  get connected(): boolean {
    return this.connection.connected;
  }

  /** Publishes at once, to whoever listens. Never waits; without a connection the signal is lost. */
  signal<Event extends EventDefinition>(event: Event, payload: z.input<Event['payload']>, { project = 'default' }: { project?: string } = {}): void {
    if (event.kind !== 'signal') {
      throw new PlatformError({ code: 'wrong-event-kind', message: `Expected a signal; ${event.subject} is a ${event.kind}, which must not be lost. Use the outbox.` });
    }
    if (!this.connection.connected) return;
    const body = JSON.stringify({ id: newId(), subject: event.subject, occurredAt: new Date().toISOString(), project, payload });
    try {
      this.connection.nats.publish(event.subject, body);
    } catch (error) {
      this.logger.debug(`${event.subject}: not sent: ${String(error)}`);
    }
  }
}
