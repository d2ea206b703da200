import { Logger, type BeforeApplicationShutdown, type OnModuleInit, type Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { JobCancelRequested, SpansFinished, type PayloadOf } from '@tunesmith/contracts';
import { Bus } from '../bus/bus.js';
import { BusConnection } from '../bus/bus-connection.js';
import type { Delivery, FactHandler } from '../bus/delivery.js';
import { handlesOf, jobKindOf, questionOf } from '../bus/handles.js';
import { JetStreamServer } from '../bus/jetstream-server.js';
import { QuestionServer, type QuestionHandler } from '../bus/question-server.js';
import { WorkerPool } from '../compute/worker-pool.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../jobs/housekeeping.js';
import { JobCancels } from '../jobs/job-cancels.js';
import { JobRunner } from '../jobs/job-runner.js';
import { JobStore } from '../jobs/job-store.js';
import { OutboxRelay } from '../jobs/outbox-relay.js';
import type { JobHandler } from '../jobs/running-job.js';
import { Telemetry } from '../telemetry/telemetry.js';
import { Readiness } from './readiness.js';

/** Joins a service's handlers to the bus; and in which order its parts start and, the other way round, leave. */
export class PlatformLifecycle implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Platform');

  constructor(private readonly module: ModuleRef, private readonly handlers: readonly Type[]) {}

  onModuleInit(): void {
    const server = this.module.get(JetStreamServer);
    const runner = this.module.get(JobRunner);
    const cancels = new JobCancels(this.module.get(Database), this.module.get(JobStore), (jobId) => runner.cancel(jobId));
    server.listenTo(JobCancelRequested, (payload) => cancels.cancel((payload as PayloadOf<typeof JobCancelRequested>).jobId));
    for (const type of this.handlers) {
      const kind = jobKindOf(type);
      if (kind?.events) {
        runner.add(kind.name, this.module.get<JobHandler>(type));
        server.accept(kind.events.requested);
      }
      const handles = handlesOf(type);
      if (!handles) continue;
      const handler = this.module.get<FactHandler>(type);
      for (const event of handles.hears) server.hear(event, handles.emits, (payload: unknown, delivery: Delivery) => handler.handle(payload, delivery));
    }
  }

  /** After the bus listens. */
  async start(): Promise<void> {
    const bus = this.module.get(Bus);
    this.module.get(Telemetry).sendSpansTo((spans) => bus.signal(SpansFinished, { spans }));
    this.module.get(OutboxRelay).start();
    await this.module.get(JobRunner).start();
    this.module.get(Housekeeping).start();
    for (const type of this.handlers) {
      const question = questionOf(type);
      if (question) this.module.get(QuestionServer).listen(question, this.module.get<QuestionHandler>(type));
    }
    this.module.get(Readiness).accepting = true;
  }

  /** While HTTP still answers: no new work; what runs gives its lease back. */
  async beforeApplicationShutdown(): Promise<void> {
    this.module.get(Readiness).accepting = false;
    await this.step('stop answering', () => this.module.get(QuestionServer).close());
    await this.step('stop consuming', () => this.module.get(JetStreamServer).close());
    await this.step('give back jobs', () => this.module.get(JobRunner).drain());
    await this.step('stop housekeeping', () => this.module.get(Housekeeping).stop());
    await this.step('stop workers', () => this.module.get(WorkerPool).close());
  }

  /** After the application has closed, so that nobody writes any more: send what is committed, then leave the broker, the collector and the database. */
  async leave(): Promise<void> {
    await this.step('empty the outbox', () => this.module.get(OutboxRelay).stop());
    await this.step('send spans', () => this.module.get(Telemetry).flush());
    await this.step('leave the broker', () => this.module.get(BusConnection).close());
    await this.step('stop telemetry', () => this.module.get(Telemetry).shutdown());
    await this.step('close the database', () => this.module.get(Database).close());
  }

  /** One step that fails must not keep the others from happening. */
  private async step(name: string, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      this.logger.error(`could not ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
}
