import type { Type } from '@nestjs/common';
import { DatasetRegistered, newId, train, type ArtifactRef, type EventDefinition, type PayloadOf, type TrainSpec } from '@tunesmith/contracts';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { jetstream } from '@nats-io/jetstream';
import { NatsServer, temporaryFolder } from '@tunesmith/tests-support';
import { PlatformModule, type ServiceOptions } from '../service/platform.module.js';
import { startService, type RunningService } from '../service/start-service.js';
import { idleHandlers } from './idle-handlers.js';

export const someDigest = `sha256:${'1'.repeat(64)}`;
export const someRef: ArtifactRef = { digest: someDigest, size: 1, mediaType: 'application/vnd.tunesmith.model.v1+folder' };
export const someTrainSpec = { model: someRef, dataset: someRef } as const;

/** A broker, a home folder, and services on them, all real; ended together. */
export class TestPlatform implements AsyncDisposable {
  private readonly services: RunningService[] = [];

  private constructor(readonly nats: NatsServer, readonly home: string, private readonly removeHome: () => Promise<void>) {}

  static async start(): Promise<TestPlatform> {
    const home = await temporaryFolder('home');
    return new TestPlatform(await NatsServer.start(), home.path, home.remove);
  }

  get environment(): Record<string, string> {
    return { TUNESMITH_HOME: this.home, TUNESMITH_NATS_URL: this.nats.url, TUNESMITH_WORKER_THREADS: '1', TUNESMITH_JOB_BACKOFF_MS: '20' };
  }

  async service(options: Partial<ServiceOptions> & { handlers: readonly Type[] }, environment: Record<string, string> = {}): Promise<RunningService> {
    // A machine with much else to do must not let a message come again while its handler is at work.
    const fast = { ackWait: 60_000, maxDeliver: 3, retryDelay: () => 20 };
    const { service: name = 'trainer', handlers } = options;
    const complete = handlers.length === 0 ? handlers : [...handlers, ...idleHandlers(name, handlers)];
    const module = PlatformModule.forService({ delivery: fast, ...options, service: name, handlers: complete });
    const service = await startService(module, { environment: { ...this.environment, ...environment }, logger: process.env['TUNESMITH_TEST_LOG'] ? ['log', 'warn', 'error'] : false });
    this.services.push(service);
    return service;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.services.map((service) => service.close()));
    await this.nats[Symbol.asyncDispose]();
    await this.removeHome();
  }
}

export interface Sent {
  readonly id: string;
}

/** Publishes an event as another service would. */
export async function publish<Event extends EventDefinition>(connection: NatsConnection, event: Event, payload: unknown, { id = newId(), traceparent = '' }: { id?: string; traceparent?: string } = {}): Promise<Sent> {
  const carried = headers();
  if (traceparent) carried.set('traceparent', traceparent);
  const body = JSON.stringify({ id, subject: event.subject, occurredAt: new Date().toISOString(), project: 'default', payload });
  await jetstream(connection, { timeout: 60_000 }).publish(event.subject, body, { headers: carried });
  return { id };
}

export function trainRequest(spec: Partial<TrainSpec> = {}) {
  return { jobId: newId(), runId: newId(), step: 'train', spec: { ...someTrainSpec, ...spec } };
}

export function datasetRegistered(name = 'helpdesk'): PayloadOf<typeof DatasetRegistered> {
  return { datasetId: newId(), name, version: 1, artifact: someRef, rows: 3 };
}

export const trainEvents = train.events!;
