import type { FactoryProvider } from '@nestjs/common';
import { getRepositoryToken } from '@nestjs/typeorm';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { RemoteFiles } from '../addresses/remote-files.js';
import { ArtifactStore } from '../artifacts/artifact-store.js';
import { openArtifactStore } from '../artifacts/open-artifact-store.js';
import { Asker } from '../bus/asker.js';
import { Bus } from '../bus/bus.js';
import { BusConnection } from '../bus/bus-connection.js';
import { checkHandlers } from '../bus/handler-check.js';
import { JetStreamServer } from '../bus/jetstream-server.js';
import { QuestionServer } from '../bus/question-server.js';
import { processBudget } from '../compute/worker-budget.js';
import { WorkerPool } from '../compute/worker-pool.js';
import type { Environment } from '../config/environment-reader.js';
import { loadConfig } from '../config/load-config.js';
import { PlatformConfig } from '../config/platform-config.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../jobs/housekeeping.js';
import { InboxEntity } from '../jobs/inbox.entity.js';
import { JobEntity } from '../jobs/job.entity.js';
import { JobRequests } from '../jobs/job-requests.js';
import { JobRunner } from '../jobs/job-runner.js';
import { JobStore } from '../jobs/job-store.js';
import { KeptFolders } from '../jobs/kept-folders.js';
import { JobTables1763500000000 } from '../jobs/job-tables.migration.js';
import { Outbox } from '../jobs/outbox.js';
import { OutboxEntity } from '../jobs/outbox.entity.js';
import { OutboxRelay } from '../jobs/outbox-relay.js';
import { ScratchFolders } from '../jobs/scratch-folders.js';
import { Telemetry } from '../telemetry/telemetry.js';
import type { ServiceOptions } from './platform.module.js';
import { Readiness } from './readiness.js';

/** Where a service reads its settings from; `process.env` unless `startService` gives another. */
export const ENVIRONMENT = Symbol('tunesmith:environment');

/** One instance of everything for one service; nothing is opened before Nest asks for it. */
export function platformProviders({ service, entities = [], migrations = [], workerModule = null, handlers = [], delivery = {} }: ServiceOptions): FactoryProvider[] {
  const tables = [JobEntity, OutboxEntity, InboxEntity, ...entities];
  return [
    {
      provide: PlatformConfig, inject: [{ token: ENVIRONMENT, optional: true }],
      useFactory: (environment: Environment = process.env) => {
        checkHandlers(service, handlers); // First of all: a mistake in the code needs no broker to be found.
        return loadConfig(environment, service);
      },
    },
    {
      provide: Telemetry, inject: [PlatformConfig],
      useFactory: async ({ instance, telemetry: { otlpEndpoint } }: PlatformConfig) =>
        // Loaded only where there is a collector: exporters are large.
        new Telemetry({ service, instance: instance.name, exporters: otlpEndpoint ? (await import('../telemetry/otlp-exporters.js')).otlpExporters(otlpEndpoint) : undefined }),
    },
    {
      provide: Database, inject: [PlatformConfig],
      useFactory: (config: PlatformConfig) => Database.open({ config: config.database, service, entities: tables, migrations: [JobTables1763500000000, ...migrations] }),
    },
    { provide: DataSource, inject: [Database], useFactory: ({ dataSource }: Database) => dataSource },
    ...tables.map((entity) => ({ provide: getRepositoryToken(entity), inject: [DataSource], useFactory: (dataSource: DataSource) => dataSource.getRepository(entity) })),
    { provide: ArtifactStore, inject: [PlatformConfig], useFactory: openArtifactStore },
    { provide: RemoteFiles, inject: [PlatformConfig], useFactory: (config: PlatformConfig) => new RemoteFiles(config) },
    {
      provide: BusConnection, inject: [PlatformConfig],
      useFactory: ({ nats, instance }: PlatformConfig) => BusConnection.open({ ...nats, name: instance.name }),
    },
    { provide: Bus, inject: [BusConnection], useFactory: (connection: BusConnection) => new Bus(connection) },
    { provide: Asker, inject: [BusConnection], useFactory: (connection: BusConnection) => new Asker(connection) },
    { provide: QuestionServer, inject: [BusConnection], useFactory: (connection: BusConnection) => new QuestionServer(service, connection) },
    { provide: Outbox, inject: [Database], useFactory: (database: Database) => new Outbox(database) },
    {
      provide: OutboxRelay, inject: [Outbox, Database, BusConnection, Telemetry],
      useFactory: (...parts: ConstructorParameters<typeof OutboxRelay>) => new OutboxRelay(...parts),
    },
    { provide: JobStore, inject: [Database, Outbox, PlatformConfig], useFactory: (database: Database, outbox: Outbox, { instance }: PlatformConfig) => new JobStore(database, outbox, instance.name) },
    {
      provide: JobRunner, inject: [JobStore, PlatformConfig, Bus, Telemetry],
      useFactory: (store: JobStore, { jobs, instance, home }: PlatformConfig, bus: Bus, telemetry: Telemetry) =>
        new JobRunner({ store, bus, telemetry, config: jobs, fixedInstance: instance.fixed, scratch: new ScratchFolders(join(home, 'scratch'), service), kept: new KeptFolders(join(home, 'kept', service)) }),
    },
    {
      provide: WorkerPool, inject: [PlatformConfig, Telemetry],
      useFactory: ({ workers: { threads, memory, idleTime, graceTime, preload, device } }: PlatformConfig, telemetry: Telemetry) =>
        new WorkerPool({
          module: workerModule, threads, idleTime, graceTime, telemetry,
          budget: processBudget(Math.max(threads, availableParallelism()), memory), environment: { TUNESMITH_DEVICE: device, ...(preload && { LD_PRELOAD: preload }) },
        }),
    },
    {
      provide: JetStreamServer, inject: [BusConnection, Database, Outbox, Telemetry, JobStore, JobRunner],
      useFactory: (connection: BusConnection, database: Database, outbox: Outbox, telemetry: Telemetry, store: JobStore, runner: JobRunner) =>
        new JetStreamServer({ service, connection, database, outbox, telemetry, delivery, requests: new JobRequests(database, store, () => runner.wake()) }),
    },
    { provide: Housekeeping, inject: [Database], useFactory: (database: Database) => new Housekeeping(database) },
    { provide: Readiness, inject: [Database], useFactory: (database: Database) => new Readiness(database) },
  ];
}
