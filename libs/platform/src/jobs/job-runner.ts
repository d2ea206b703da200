import { Logger } from '@nestjs/common';
import type { JobProgress } from '@tunesmith/contracts';
import type { Bus } from '../bus/bus.js';
import type { PlatformConfig } from '../config/platform-config.js';
import { jobErrorOf } from '../errors/job-error-of.js';
import { PlatformError } from '../errors/platform-error.js';
import { BackgroundLoop } from '../service/background-loop.js';
import { JobMeters } from '../telemetry/job-meters.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { continuation } from '../telemetry/trace-carrier.js';
import { JobExecution, type JobEnd } from './job-execution.js';
import { JobCancelledError, ServiceStoppingError } from './job-errors.js';
import type { JobStore } from './job-store.js';
import type { JobEntity } from './job.entity.js';
import type { KeptFolders } from './kept-folders.js';
import { ProgressSender } from './progress-sender.js';
import type { JobHandler } from './running-job.js';
import type { ScratchFolders } from './scratch-folders.js';

export interface JobRunnerOptions {
  readonly store: JobStore;
  readonly config: PlatformConfig['jobs'];
  /** Whether the owner name of this process's leases outlives it. */
  readonly fixedInstance: boolean;
  readonly bus: Pick<Bus, 'signal'>;
  readonly telemetry: Telemetry;
  readonly scratch: ScratchFolders;
  readonly kept: KeptFolders;
}

/** Claims due jobs and runs them, a few at a time. Woken when a request arrives; polls in case somebody else's lease has run out. */
export class JobRunner {
  private readonly logger = new Logger('Jobs');
  private readonly handlers = new Map<string, JobHandler>();
  private readonly executions = new Map<JobExecution, Promise<void>>();
  private readonly meters: JobMeters;
  private readonly loop: BackgroundLoop;

  constructor(private readonly options: JobRunnerOptions) {
    this.meters = new JobMeters(options.telemetry.meter, () => options.store.counts());
    this.loop = new BackgroundLoop({ name: 'Jobs', everyMilliseconds: Math.min(1000, options.config.leaseTime / 4), body: () => this.claim() });
  }

  /** Before `start`: who does the jobs of a kind. */
  add(kind: string, handler: JobHandler): void {
    this.handlers.set(kind, handler);
  }

  async start(): Promise<void> {
    if (this.handlers.size === 0) return;
    await this.options.scratch.sweep();
    await this.options.kept.sweep();
    if (this.options.fixedInstance) await this.options.store.reclaim();
    this.loop.start();
  }

  wake(): void {
    this.loop.wake();
  }

  /** Aborts the job if this process runs it. */
  cancel(jobId: string): void {
    for (const execution of this.executions.keys()) if (execution.jobId === jobId) execution.abort(new JobCancelledError());
  }

  get running(): number {
    return this.executions.size;
  }

  /** Claims nothing more, aborts what runs, and gives its leases back. */
  async drain(): Promise<void> {
    await this.loop.stop();
    for (const execution of this.executions.keys()) execution.abort(new ServiceStoppingError());
    await Promise.all(this.executions.values());
  }

  private async claim(): Promise<void> {
    const { store, config } = this.options;
    const free = config.concurrency - this.executions.size;
    if (free <= 0) return;
    for (const job of await store.claim(free, config.leaseTime)) this.run(job);
  }

  private run(job: JobEntity): void {
    const { store, config, bus, scratch, kept } = this.options;
    const sender = new ProgressSender(bus, job);
    const progress = (value: JobProgress): void => {
      this.meters.progressed(job.kind, value);
      sender.send(value);
    };
    const handler = this.handlers.get(job.kind) ?? { handle: () => Promise.reject(noHandler(job)) };
    const execution = new JobExecution({ store, job, handler, times: config, scratch, kept, progress });
    const finished = this.measured(job, () => execution.run())
      .catch((error: unknown) => this.logger.error(`job ${job.id}: ${jobErrorOf(error).message}; its lease runs out and it is claimed again`))
      .then(() => {
        sender[Symbol.dispose]();
        this.executions.delete(execution);
        this.loop.wake();
      });
    this.executions.set(execution, finished);
  }

  private async measured(job: JobEntity, run: () => Promise<JobEnd>): Promise<void> {
    const carrier = job.traceparent ? { traceparent: job.traceparent, tracestate: job.tracestate ?? undefined } : undefined;
    const { parent, links } = continuation(carrier, (job.startedAt ?? job.createdAt) - job.createdAt);
    const attributes = { 'tunesmith.job.id': job.id, 'tunesmith.run.id': job.runId, 'tunesmith.step': job.step, 'tunesmith.attempt': job.attempt, 'tunesmith.epoch': job.leaseEpoch };
    const started = performance.now();
    const end = await this.options.telemetry.span(`job ${job.kind}`, { attributes, parent, links }, async (span) => {
      const result = await run();
      span.setAttribute('tunesmith.job.end', result);
      return result;
    });
    this.meters.ended(job.kind, end, performance.now() - started);
  }
}

function noHandler(job: JobEntity): PlatformError {
  return new PlatformError({ code: 'no-handler', message: `Expected a handler for jobs of kind "${job.kind}"; this version of the service has none.` });
}
