import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { Logger } from '@nestjs/common';
import type { BusConnection } from './bus-connection.js';

export interface ConsumerLoopOptions {
  readonly connection: BusConnection;
  readonly stream: string;
  readonly durable: string;
  /** Never throws. */
  readonly handle: (message: JsMsg) => Promise<void>;
  /** For messages that were pulled when the loop stops. */
  readonly giveBack: (message: JsMsg) => void;
}

/** Few, so that a process that is killed holds back little until the ack wait ends. */
const pulledAhead = 16;

/**
 * Pulls messages of a durable consumer one after the other. Ends only by `stop`: a lost connection, a deleted consumer or
 * a wiped broker make it repair what is missing and pull again.
 */
export class ConsumerLoop {
  private readonly logger = new Logger('Bus');
  private messages: ConsumerMessages | undefined;
  private isStopping = false;
  private finished: Promise<void> | undefined;

  constructor(private readonly options: ConsumerLoopOptions) {}

  start(): void {
    this.finished ??= this.run();
  }

  /** Takes no further message, gives back what is not begun, and waits for the one at hand. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.messages?.stop();
    await this.finished;
  }

  private async run(): Promise<void> {
    const { connection, stream, durable } = this.options;
    for (let failures = 0; !this.isStopping; ) {
      try {
        const consumer = await connection.jetstream.consumers.get(stream, durable);
        const messages = await consumer.consume({ max_messages: pulledAhead, expires: 30_000, idle_heartbeat: 5000, abort_on_missing_resource: true });
        this.messages = messages;
        if (this.isStopping) messages.stop();
        void this.watch(messages);
        failures = 0;
        for await (const message of messages) {
          if (this.isStopping) this.options.giveBack(message);
          else await this.options.handle(message);
        }
      } catch (error) {
        failures += 1;
        if (!this.isStopping) this.logger.warn(`consumer ${durable} of ${stream} stopped: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (this.isStopping) return;
      await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** failures, 2000)));
      await connection.repair().catch((error: unknown) => this.logger.warn(`${stream}: cannot be repaired yet: ${String(error)}`));
    }
  }

  /** A stream that is gone answers nobody; the client would wait for missed heartbeats before it looks. */
  private async watch(messages: ConsumerMessages): Promise<void> {
    for await (const status of messages.status()) {
      if (status.type === 'no_responders' || status.type === 'consumer_deleted' || status.type === 'stream_not_found' || status.type === 'consumer_not_found') messages.stop();
    }
  }
}
