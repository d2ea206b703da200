import { AckPolicy, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType, type ConsumerConfig, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { catalogue, type EventDefinition, type ServiceName } from '@tunesmith/contracts';

export type WantedStream = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects' | 'retention' | 'storage'>;
export type WantedConsumer = Partial<ConsumerConfig> & { durable_name: string };

/** How the bus delivers. Times are milliseconds. */
export interface DeliverySettings {
  /** How long the broker waits for a sign of life before it delivers again. */
  readonly ackWait: number;
  readonly maxDeliver: number;
  /** Delay before the delivery after `attempt` failed ones. */
  readonly retryDelay: (attempt: number) => number;
}

/** 1 s, 2 s, 4 s … up to a minute, with a tenth of jitter: twenty deliveries span about a quarter of an hour. */
export const defaultDelivery: DeliverySettings = {
  ackWait: 15_000,
  maxDeliver: 20,
  retryDelay: (attempt) => Math.min(2 ** (attempt - 1) * 1000, 60_000) * (0.95 + Math.random() * 0.1),
};

export const streams = { requests: 'REQUESTS', facts: 'FACTS', advisories: 'ADVISORIES', deadLetters: 'DEAD_LETTERS' } as const;

const day = 24 * 60 * 60 * 1000;
const subjectsOf = (kind: EventDefinition['kind']): string[] => catalogue.filter((event) => event.kind === kind).map(({ subject }) => subject);

/** Every stream that the platform needs. Any service makes those that are missing. */
export function wantedStreams(replicas: number): WantedStream[] {
  const common = { storage: StorageType.File, num_replicas: replicas, discard: DiscardPolicy.Old } as const;
  return [
    {
      // Each request has one reader and goes when it is acknowledged. A full queue refuses; it never drops what nobody has read.
      ...common, name: streams.requests, subjects: subjectsOf('request'), retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New, max_msgs: 100_000, duplicate_window: nanos(120_000),
    },
    { ...common, name: streams.facts, subjects: subjectsOf('fact'), retention: RetentionPolicy.Limits, max_age: nanos(14 * day), max_bytes: 1 << 30, duplicate_window: nanos(120_000) },
    {
      // Advisories are ordinary messages: without a stream they are lost while nobody listens.
      ...common, name: streams.advisories, subjects: ['$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>', '$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>'],
      retention: RetentionPolicy.Limits, max_age: nanos(7 * day), max_bytes: 1 << 26,
    },
    { ...common, name: streams.deadLetters, subjects: ['dead-letters.>'], retention: RetentionPolicy.Limits, max_age: nanos(30 * day), max_bytes: 1 << 28 },
  ];
}

export function wantedConsumer(service: ServiceName, subjects: readonly string[], { ackWait, maxDeliver }: DeliverySettings): WantedConsumer {
  return {
    durable_name: service, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ackWait), max_deliver: maxDeliver, max_ack_pending: 1000, filter_subjects: [...subjects].sort(),
  };
}

/** Hears when one of the service's messages has been delivered for the last time, perhaps to a process that died of it. */
export function wantedAdvisoryConsumer(service: ServiceName): WantedConsumer {
  return {
    durable_name: `dead-letters-${service}`, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All, ack_wait: nanos(15_000), max_deliver: -1,
    max_ack_pending: 1000, filter_subjects: [`$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.*.${service}`],
  };
}
