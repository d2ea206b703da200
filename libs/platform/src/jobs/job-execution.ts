import { Logger } from '@nestjs/common';
import { findStepKind, type JobProgress } from '@tunesmith/contracts';
import { explainDisk } from '../artifacts/artifact-error.js';
import type { PlatformConfig } from '../config/platform-config.js';
import { jobErrorOf } from '../errors/job-error-of.js';
import { PlatformError } from '../errors/platform-error.js';
import { isRetryable } from '../errors/retryable.js';
import { JobCancelledError, LeaseLostError, ServiceStoppingError } from './job-errors.js';
import type { JobStore, Lease } from './job-store.js';
import type { JobEntity } from './job.entity.js';
import { LeaseKeeper } from './lease-keeper.js';
import type { KeptFolders } from './kept-folders.js';
import type { JobHandler, JobResult, RunningJob } from './running-job.js';
import type { ScratchFolders } from './scratch-folders.js';

export interface JobExecutionOptions {
  readonly store: JobStore;
  readonly job: JobEntity;
  readonly handler: JobHandler;
  readonly times: PlatformConfig['jobs'];
  readonly scratch: ScratchFolders;
  readonly kept: KeptFolders;
  readonly progress: (progress: JobProgress) => void;
}

export type JobEnd = 'succeeded' | 'failed' | 'cancelled' | 'retried' | 'released' | 'lost';

/** One attempt at a job under one lease: from the claim to a committed end, or to silence when the lease is lost. */
export class JobExecution {
  private readonly logger = new Logger('Jobs');
  private readonly aborting = new AbortController();
  private readonly lease: Lease;

  constructor(private readonly options: JobExecutionOptions) {
    this.lease = { id: options.job.id, epoch: options.job.leaseEpoch };
  }

  get jobId(): string {
    return this.lease.id;
  }

  /** Aborts the work; the first reason counts. */
  abort(reason: Error): void {
    if (!this.aborting.signal.aborted) this.aborting.abort(reason);
  }

  async run(): Promise<JobEnd> {
    const { store, job, times } = this.options;
    if (job.status === 'cancel-requested') return (await this.commit(() => store.cancelled(this.lease))) ? 'cancelled' : 'lost';
    if (job.attempt > times.attempts) return this.fail(attemptsUsedUp(times.attempts));
    using _keeper = new LeaseKeeper(store, this.lease, times, (reason) => this.abort(reason));
    try {
      const result = await this.work();
      return await this.succeed(result);
    } catch (error) {
      return this.conclude(error);
    }
  }

  /** The handler's result, or the reason of the abort once the handler has had its time to obey. */
  private async work(): Promise<JobResult> {
    const { handler, job, times } = this.options;
    const { signal } = this.aborting;
    let timer: NodeJS.Timeout | undefined;
    const abandoned = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        // A worker is killed by then; this is for handlers that do not listen.
        timer = setTimeout(() => reject(signal.reason as Error), signal.reason instanceof LeaseLostError ? 0 : times.cancelTime);
      }, { once: true });
    });
    try {
      return await Promise.race([handler.handle(job.spec, this.runningJob()), abandoned]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async succeed(result: JobResult): Promise<JobEnd> {
    const { job, store, kept } = this.options;
    checkOutputs(job.kind, result);
    if (await this.commit(() => store.succeed(this.lease, result))) {
      await kept.remove(job).catch((error: unknown) => this.logger.warn(`job ${job.id}: what it kept could not be removed: ${String(error)}`));
      return 'succeeded';
    }
    // A success that comes after the cancel loses.
    return (await this.commit(() => store.cancelled(this.lease))) ? 'cancelled' : 'lost';
  }

  private async conclude(error: unknown): Promise<JobEnd> {
    const { store, job, times } = this.options;
    const reason: unknown = this.aborting.signal.reason;
    if (reason instanceof LeaseLostError) {
      this.logger.warn(`job ${job.id} (epoch ${job.leaseEpoch}): ${reason.message}`);
      return 'lost';
    }
    if (reason instanceof ServiceStoppingError) {
      await this.commit(() => store.release(this.lease));
      return 'released';
    }
    if (reason instanceof JobCancelledError) return (await this.commit(() => store.cancelled(this.lease))) ? 'cancelled' : 'lost';
    this.logger.warn(`job ${job.id} (${job.kind}, attempt ${job.attempt}): ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    if (isRetryable(error) && job.attempt < times.attempts) {
      if (await this.commit(() => store.retry(this.lease, times.backoffTime * 2 ** (job.attempt - 1)))) return 'retried';
      return (await this.commit(() => store.cancelled(this.lease))) ? 'cancelled' : 'lost';
    }
    return this.fail(explainDisk(error, `the files of the step ${job.step}`));
  }

  private async fail(error: unknown): Promise<JobEnd> {
    if (await this.commit(() => this.options.store.fail(this.lease, jobErrorOf(error)))) return 'failed';
    return (await this.commit(() => this.options.store.cancelled(this.lease))) ? 'cancelled' : 'lost';
  }

  /** The work is done: a database that is away for a moment must not undo it. The epoch decides whether it still counts. */
  private async commit<Result>(write: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await write();
      } catch (error) {
        if (!isRetryable(error) || tries >= 8) throw error;
        this.logger.warn(`job ${this.lease.id}: its end could not be written, trying again: ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** tries));
      }
    }
  }

  private runningJob(): RunningJob {
    const { job, progress, scratch, kept } = this.options;
    return {
      jobId: job.id, runId: job.runId, step: job.step, project: job.project, epoch: job.leaseEpoch, attempt: job.attempt, signal: this.aborting.signal,
      progress, scratch: () => scratch.make(job.step), kept: () => kept.of(job),
    };
  }
}

function attemptsUsedUp(attempts: number): PlatformError {
  return new PlatformError({
    code: 'attempts-used-up', facts: { attempts },
    message: `Expected the job to end within ${attempts} attempts; each time the service that ran it died or lost its lease. Look at its log and at the memory of the machine.`,
  });
}

function checkOutputs(kindName: string, result: JobResult): void {
  const allowed = Object.keys(findStepKind(kindName)?.outputs ?? {});
  const unknown = Object.keys(result.outputs).filter((name) => !allowed.includes(name));
  if (unknown.length > 0) {
    throw new PlatformError({ code: 'unknown-output', message: `Expected ${kindName} to make ${allowed.join(', ') || 'no artifact'}; its handler returned ${unknown.join(', ')}. List it in the step kind's outputs.` });
  }
}
