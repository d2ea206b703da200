/**
 * The whole delivery story. Nothing outside this file acknowledges anything.
 *
 * | What arrives or happens                  | The bus does, in this order                                                                   |
 * |------------------------------------------|-----------------------------------------------------------------------------------------------|
 * | a request                                | one transaction: inbox row, job row (or, if the job has ended, its fact once more); acks; the job runner leases and works |
 * | a fact, the handler returns `done`       | one transaction: inbox row, what the handler wrote, what it sent (outbox); commits, then acks  |
 * | ... returns `skipped(reason)`            | the same, and logs one line                                                                   |
 * | ... throws a retryable error             | rolls back; naks with a delay that doubles with each delivery                                 |
 * | ... throws anything else                 | rolls back; publishes to the dead letters, then terms with the reason (a request: its `failed` fact first) |
 * | ... throws at the last delivery          | the same as anything else                                                                     |
 * | ... is still running                     | says `working` on a timer shorter than the ack wait                                           |
 * | an event whose inbox row exists          | acks                                                                                          |
 * | a message that is not valid              | publishes to the dead letters with what is wrong, then terms                                  |
 * | the process stops                        | takes no further message; what it holds but has not begun goes back by nak                    |
 * | the process dies                         | nothing: the broker delivers again after the ack wait; after the last delivery its advisory brings the message to the dead letters |
 *
 * Acks are confirmed by the broker. Because the commit comes before the ack, a crash between the two means that the event
 * comes again: the inbox row makes the second delivery do nothing. The broker's duplicate window is short memory; the
 * rows are long memory.
 */
import type { JsMsg } from '@nats-io/jetstream';
import { Logger } from '@nestjs/common';
import { isRetryable } from '../errors/retryable.js';
import type { DeadLetters } from './dead-letters.js';
import type { Outcome } from './outcome.js';
import type { DeliverySettings } from './topology.js';

export interface SettlementOptions {
  readonly settings: DeliverySettings;
  readonly deadLetters: DeadLetters;
  /** Opens, checks and handles one message. Whatever it wrote is committed when it returns. */
  readonly receive: (message: JsMsg) => Promise<Outcome>;
  /** The last chance to tell somebody that a message is given up. An error of its own is logged. */
  readonly giveUp: (message: JsMsg, error: unknown) => Promise<void>;
}

/** Handles one message and settles it by the table above. Never throws. */
export class Settlement {
  private readonly logger = new Logger('Bus');

  constructor(private readonly options: SettlementOptions) {}

  async settle(message: JsMsg): Promise<void> {
    const { settings, receive } = this.options;
    const working = setInterval(() => message.working(), settings.ackWait / 3);
    try {
      const outcome = await receive(message);
      if (outcome.kind === 'skipped') this.logger.log(`${message.subject}: skipped, ${outcome.reason}`);
    } catch (error) {
      await this.settleFailure(message, error).catch((next: unknown) => {
        // Broker gone, most likely. After the ack wait the message comes again.
        this.logger.warn(`${message.subject}: could not be settled: ${String(next)}`);
      });
      return;
    } finally {
      clearInterval(working);
    }
    await this.acknowledge(message);
  }

  /** The effect is committed: whatever becomes of the ack, the event will not have another. */
  private async acknowledge(message: JsMsg): Promise<void> {
    const confirmed = await message.ackAck().catch(() => false);
    if (!confirmed) this.logger.warn(`${message.subject}: the broker did not confirm the ack; the inbox will know the event when it comes again`);
  }

  /** Gives back a message that was pulled but not begun. */
  giveBack(message: JsMsg): void {
    message.nak(100);
  }

  private async settleFailure(message: JsMsg, error: unknown): Promise<void> {
    const { settings, deadLetters, giveUp } = this.options;
    const { deliveryCount } = message.info;
    if (isRetryable(error) && deliveryCount < settings.maxDeliver) {
      const delay = Math.round(settings.retryDelay(deliveryCount));
      this.logger.warn(`${message.subject}: delivery ${deliveryCount} failed, again in ${delay} ms: ${String(error)}`);
      message.nak(delay);
      return;
    }
    this.logger.error(`${message.subject}: given up after ${deliveryCount} deliveries: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    await giveUp(message, error).catch((next: unknown) => this.logger.error(`${message.subject}: could not tell that it is given up: ${String(next)}`));
    message.term(await deadLetters.keep(message, error));
  }
}
