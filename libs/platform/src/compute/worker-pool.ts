import { Logger } from '@nestjs/common';
import type { JobProgress } from '@tunesmith/contracts';
import { readFileSync } from 'node:fs';
import { PlatformError } from '../errors/platform-error.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { activeCarrier } from '../telemetry/trace-carrier.js';
import { compiledModule } from './compiled-module.js';
import type { WorkerBudget } from './worker-budget.js';
import { WorkerProcess, type CallOptions, type Conversation } from './worker-process.js';

export interface WorkerPoolOptions {
  /** The service's worker module: `new URL('./worker.js', import.meta.url)`. Null for a service without heavy work. */
  readonly module: URL | null;
  readonly threads: number;
  readonly budget: WorkerBudget;
  readonly idleTime: number;
  readonly graceTime: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly telemetry: Telemetry;
}

/** What a call needs of the job that it belongs to; `RunningJob` fits. */
export interface WorkerCall {
  readonly signal: AbortSignal;
  progress?(progress: JobProgress): void;
  /** For a function that goes on and is talked to meanwhile. */
  readonly conversation?: Conversation;
  /** Hears that others wait for the cores or the memory that the call holds. */
  onWanted?(): void;
}

/**
 * Runs the functions of a worker module in child processes, so that heavy work neither holds the event loop nor takes the
 * service down with it. Processes stay warm between calls; a call waits until its cores and memory fit.
 */
export class WorkerPool {
  private readonly logger = new Logger('Workers');
  private readonly idle: { worker: WorkerProcess; timer: NodeJS.Timeout }[] = [];
  private readonly all = new Set<WorkerProcess>();
  private isClosed = false;

  constructor(private readonly options: WorkerPoolOptions) {
    const memory = options.telemetry.meter.createObservableGauge('tunesmith.worker.memory', { unit: 'By', description: 'Resident memory of all workers.' });
    memory.addCallback((result) => result.observe([...this.all].reduce((sum, { pid }) => sum + residentMemory(pid), 0)));
  }

  /**
   * Calls a function of the worker module.
   *
   * @throws the error of the function with its code and facts; `WorkerCrashedError` when the process dies; the reason of
   * `job.signal` when that is aborted; PlatformError `job-too-large` when the call never fits.
   */
  run<Result>(functionName: string, input: unknown, job: WorkerCall): Promise<Result> {
    return this.options.telemetry.span(`worker ${functionName}`, {}, async (span) => {
      const worker = this.take();
      let release: (() => void) | undefined;
      try {
        span.setAttribute('process.pid', worker.pid ?? 0);
        const call: CallOptions = {
          signal: job.signal, graceTime: this.options.graceTime, trace: activeCarrier(),
          onProgress: (progress) => job.progress?.(progress), onStarted: () => span.addEvent('started'), conversation: job.conversation,
        };
        const { memory, cores = this.options.threads } = await worker.predict(functionName, input, call);
        release = await this.options.budget.admit({ functionName, cores, memory }, job.signal, () => job.onWanted?.());
        return (await worker.run(functionName, input, call)) as Result;
      } finally {
        release?.();
        this.giveBack(worker);
      }
    });
  }

  /** Worker processes at the moment, idle ones too. */
  get size(): number {
    return this.all.size;
  }

  /** Starts a worker ahead of the first call. */
  warm(): void {
    if (this.all.size === 0) this.giveBack(this.take());
  }

  /** Ends all workers, the busy ones too. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const { timer } of this.idle.splice(0)) clearTimeout(timer);
    await Promise.all([...this.all].map((worker) => worker.stop()));
  }

  private take(): WorkerProcess {
    for (let entry = this.idle.pop(); entry; entry = this.idle.pop()) {
      clearTimeout(entry.timer);
      if (entry.worker.isAlive) return entry.worker;
    }
    return this.start();
  }

  private start(): WorkerProcess {
    const { module, threads, environment, telemetry } = this.options;
    if (!module) throw new PlatformError({ code: 'no-worker-module', message: 'Expected a workerModule in PlatformModule.forService; it is null, so nothing can run in a worker.' });
    if (this.isClosed) throw new PlatformError({ code: 'service-stopping', retryable: true, message: 'Expected a running service; its workers have been stopped.' });
    const worker = new WorkerProcess({ module: compiledModule(module), threads, environment, onSpans: (spans) => telemetry.record(spans) });
    this.all.add(worker);
    void worker.exited.then(() => this.all.delete(worker));
    this.logger.debug(`started worker ${worker.pid}`);
    return worker;
  }

  private giveBack(worker: WorkerProcess): void {
    if (!worker.isAlive) return;
    if (this.isClosed || this.options.idleTime === 0) {
      void worker.stop();
      return;
    }
    const timer = setTimeout(() => {
      this.idle.splice(this.idle.findIndex((entry) => entry.worker === worker), 1);
      void worker.stop();
    }, this.options.idleTime);
    timer.unref();
    this.idle.push({ worker, timer });
  }
}

/** Bytes; 0 where the system does not say. */
function residentMemory(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
  } catch {
    return 0;
  }
}
