import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Logger } from '@nestjs/common';
import { PlatformError } from '../errors/platform-error.js';
import { provisionConsumer, provisionStream } from './provision.js';
import { wantedStreams, type WantedConsumer } from './topology.js';

export interface BusConnectionOptions {
  readonly url: string;
  readonly token?: string | undefined;
  readonly name: string;
  readonly replicas: number;
  /** How long to try at start; afterwards it tries for ever. */
  readonly patience?: number;
}

interface NeededConsumer {
  readonly stream: string;
  readonly consumer: WantedConsumer;
}

/**
 * The connection to the broker and what must exist there. A broker that comes back with an empty store is nothing
 * special: whoever misses a stream calls `repair`, and everything is made again.
 */
export class BusConnection {
  private readonly logger = new Logger('Bus');
  private readonly needed: NeededConsumer[] = [];
  private repairing: Promise<void> | undefined;
  private isConnected = true;

  private constructor(readonly nats: NatsConnection, readonly jetstream: JetStreamClient, readonly manager: JetStreamManager, private readonly replicas: number) {
    void this.watch();
  }

  static async open(options: BusConnectionOptions): Promise<BusConnection> {
    const nats = await connectPatiently(options);
    try {
      // Streams are files that are synced one by one, which takes a busy disk its time.
      const manager = await jetstreamManager(nats, { checkAPI: false, timeout: 30_000 });
      const connection = new BusConnection(nats, jetstream(nats, { timeout: 5000 }), manager, options.replicas);
      await connection.repair();
      return connection;
    } catch (error) {
      await nats.close();
      throw new PlatformError({
        code: 'broker-unusable', cause: error,
        message: `Expected a NATS server with JetStream at ${options.url}; got: ${error instanceof Error ? error.message : String(error)}. Start nats-server with a jetstream section.`,
      });
    }
  }

  get connected(): boolean {
    return this.isConnected && !this.nats.isClosed();
  }

  /** Makes sure, now and after each repair, that the consumer exists. */
  async need(stream: string, consumer: WantedConsumer): Promise<void> {
    this.needed.push({ stream, consumer });
    await provisionConsumer(this.manager, stream, consumer, (line) => this.logger.log(line));
  }

  /** Makes whatever is missing at the broker. Calls at the same time share one round. */
  repair(): Promise<void> {
    this.repairing ??= this.provision().finally(() => (this.repairing = undefined));
    return this.repairing;
  }

  /** Lets messages on their way out go, then closes. */
  async close(): Promise<void> {
    if (this.nats.isClosed()) return;
    // Draining talks to the broker; where it is gone there is nothing to wait for.
    if (this.isConnected) await this.nats.drain().catch(() => this.nats.close());
    else await this.nats.close();
  }

  private async provision(): Promise<void> {
    const log = (line: string): void => this.logger.log(line);
    for (const stream of wantedStreams(this.replicas)) await provisionStream(this.manager, stream, log);
    for (const { stream, consumer } of this.needed) await provisionConsumer(this.manager, stream, consumer, log);
  }

  private async watch(): Promise<void> {
    for await (const status of this.nats.status()) {
      if (status.type === 'disconnect') {
        this.isConnected = false;
        this.logger.warn(`lost the broker at ${status.server}; connecting again`);
      } else if (status.type === 'reconnect') {
        this.isConnected = true;
        this.logger.log(`connected to the broker at ${status.server} again`);
        this.repair().catch((error: unknown) => this.logger.warn(`could not check the streams yet: ${String(error)}`));
      } else if (status.type === 'error') {
        this.logger.warn(`broker: ${status.error.message}`);
      }
    }
    this.isConnected = false;
  }
}

async function connectPatiently({ url, token, name, patience = 60_000 }: BusConnectionOptions): Promise<NatsConnection> {
  const deadline = performance.now() + patience;
  for (let warned = false; ; warned = true) {
    try {
      return await connect({
        servers: url, name, ...(token ? { token } : {}), timeout: 5000, pingInterval: 10_000, maxPingOut: 2,
        maxReconnectAttempts: -1, reconnectTimeWait: 200, reconnectJitter: 200,
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (performance.now() > deadline) {
        throw new PlatformError({ code: 'broker-unreachable', cause: error, message: `Expected a NATS server at ${url} within ${patience / 1000} s; got: ${reason}. Check TUNESMITH_NATS_URL and that the server runs.` });
      }
      if (!warned) new Logger('Bus').warn(`no broker at ${url} yet (${reason}); trying again`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
