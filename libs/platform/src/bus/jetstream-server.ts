import type { JsMsg } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/transport-node';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { EventDefinition, ServiceName } from '@tunesmith/contracts';
import type { Database } from '../database/database.js';
import type { Outbox } from '../jobs/outbox.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { continuation } from '../telemetry/trace-carrier.js';
import type { BusConnection } from './bus-connection.js';
import { ConsumerLoop } from './consumer-loop.js';
import { DeadLetters } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import { deliveryOf, FactReceiver } from './fact-receiver.js';
import { openMessage, type OpenMessage } from './open-message.js';
import { done, type Outcome } from './outcome.js';
import { Settlement } from './settlement.js';
import { defaultDelivery, streams, wantedAdvisoryConsumer, wantedConsumer, type DeliverySettings } from './topology.js';
import { readTrace } from './trace-headers.js';

/** What the bus does with the requests of a service: the job room. */
export interface RequestReceiver {
  /** Makes the job row, or repeats the fact of a job that has ended; committed when it returns. */
  accept(opened: OpenMessage): Promise<void>;
  /** A request is given up before it became a job: fails the job where the message still tells which. */
  refuse(subject: string, data: Uint8Array, error: unknown): Promise<void>;
}

export interface JetStreamServerOptions {
  readonly service: ServiceName;
  readonly connection: BusConnection;
  readonly database: Database;
  readonly outbox: Outbox;
  readonly telemetry: Telemetry;
  readonly requests: RequestReceiver;
  readonly delivery?: Partial<DeliverySettings>;
}

interface FactHandlerEntry {
  readonly emits: readonly EventDefinition[];
  readonly handle: (payload: unknown, delivery: Delivery) => Promise<Outcome>;
}

/**
 * Nest's transport strategy for JetStream: durable pull consumers, one for the requests that the service owns and one for
 * the facts that it hears; signals by plain subscription. How each message ends: see `settlement.ts`.
 */
export class JetStreamServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('jetstream');
  private readonly handlers = new Map<string, FactHandlerEntry>();
  private readonly signals = new Map<string, (opened: OpenMessage) => Promise<void>>();
  private readonly requestSubjects: string[] = [];
  private readonly loops: ConsumerLoop[] = [];
  private readonly subscriptions: Subscription[] = [];
  private readonly facts: FactReceiver;
  private readonly settings: DeliverySettings;

  constructor(private readonly options: JetStreamServerOptions) {
    super();
    this.settings = { ...defaultDelivery, ...options.delivery };
    this.facts = new FactReceiver(options.database, options.outbox);
  }

  /** Before `listen`: the platform's own listener to a signal; opens its transactions itself. */
  listenTo(event: EventDefinition, body: (payload: unknown) => Promise<void>): void {
    this.signals.set(event.subject, (opened) => body(opened.payload));
    this.addHandler(event.subject, body, true);
  }

  /** Before `listen`: the handler of a fact or signal. */
  hear(event: EventDefinition, emits: readonly EventDefinition[], handle: FactHandlerEntry['handle']): void {
    if (event.kind === 'signal') {
      const { database, outbox } = this.options;
      this.signals.set(event.subject, async (opened) => {
        await database.transaction((manager) => handle(opened.payload, deliveryOf(opened, 1, manager, outbox, emits)));
      });
    } else {
      this.handlers.set(event.subject, { emits, handle });
    }
    this.addHandler(event.subject, (payload: unknown, delivery: Delivery) => handle(payload, delivery), true);
  }

  /** Before `listen`: a request that the service owns. */
  accept(event: EventDefinition): void {
    this.requestSubjects.push(event.subject);
    this.addHandler(event.subject, (opened: OpenMessage) => this.options.requests.accept(opened), true);
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      await this.consume(streams.requests, this.requestSubjects);
      await this.consume(streams.facts, [...this.handlers.keys()]);
      await this.collectDeadLetters();
      for (const [subject, handle] of this.signals) this.subscribe(subject, handle);
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Takes no further message and waits for those at hand. */
  async close(): Promise<void> {
    for (const subscription of this.subscriptions.splice(0)) subscription.unsubscribe();
    await Promise.all(this.loops.splice(0).map((loop) => loop.stop()));
  }

  on(): never {
    throw new Error('expected nobody to listen to events of the transport; the bus connection logs its state');
  }

  unwrap<Client>(): Client {
    return this.options.connection.nats as Client;
  }

  private async consume(stream: string, subjects: readonly string[]): Promise<void> {
    if (subjects.length === 0) return;
    const { connection, service } = this.options;
    await connection.need(stream, wantedConsumer(service, subjects, this.settings));
    const settlement = new Settlement({
      settings: this.settings,
      deadLetters: new DeadLetters(connection, service),
      receive: (message) => this.receive(message),
      giveUp: async (message, error) => {
        if (stream === streams.requests) await this.options.requests.refuse(message.subject, message.data, error);
      },
    });
    this.run(stream, service, (message) => settlement.settle(message), (message) => settlement.giveBack(message));
  }

  private async collectDeadLetters(): Promise<void> {
    const { connection, service } = this.options;
    const wanted = wantedAdvisoryConsumer(service);
    await connection.need(streams.advisories, wanted);
    const deadLetters = new DeadLetters(connection, service);
    const collect = async (message: JsMsg): Promise<void> => {
      try {
        await deadLetters.keepUnanswered(message);
        message.ack();
      } catch (error) {
        this.logger.warn(`could not keep a dead letter yet: ${String(error)}`);
        message.nak(5000);
      }
    };
    this.run(streams.advisories, wanted.durable_name, collect, (message) => message.nak(100));
  }

  private run(stream: string, durable: string, handle: (message: JsMsg) => Promise<void>, giveBack: (message: JsMsg) => void): void {
    const loop = new ConsumerLoop({ connection: this.options.connection, stream, durable, handle, giveBack });
    this.loops.push(loop);
    loop.start();
  }

  private receive(message: JsMsg): Promise<Outcome> {
    const { info, subject } = message;
    const waited = Date.now() - info.timestampNanos / 1e6;
    const { parent, links } = continuation(readTrace(message.headers), waited);
    const attributes = {
      'messaging.system': 'nats', 'messaging.operation.type': 'process', 'messaging.destination.name': subject, 'messaging.consumer.group.name': this.options.service,
      'tunesmith.delivery': info.deliveryCount,
    };
    return this.options.telemetry.span(`process ${subject}`, { kind: 'consumer', attributes, parent, links }, async (span) => {
      const opened = openMessage(subject, message.data);
      span.setAttribute('messaging.message.id', opened.envelope.id);
      if (opened.event.kind === 'request') {
        await this.options.requests.accept(opened);
        return done();
      }
      const handler = this.handlers.get(subject);
      if (!handler) throw new Error(`expected a handler of ${subject}`);
      return this.facts.receive(opened, message, handler.emits, handler.handle);
    });
  }

  private subscribe(subject: string, handle: (opened: OpenMessage) => Promise<void>): void {
    const subscription = this.options.connection.nats.subscribe(subject);
    this.subscriptions.push(subscription);
    void (async () => {
      for await (const message of subscription) {
        try {
          await handle(openMessage(subject, message.data));
        } catch (error) {
          this.logger.warn(`${subject}: a signal was not handled: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    })();
  }
}
