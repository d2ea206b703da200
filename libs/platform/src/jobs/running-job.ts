import type { ArtifactRef, JobMetrics, JobProgress } from '@tunesmith/contracts';

/** A job that this process holds the lease of. */
export interface RunningJob {
  readonly jobId: string;
  readonly runId: string;
  readonly step: string;
  readonly project: string;
  /** The fencing token: rises with each claim. A result is taken only from the highest. */
  readonly epoch: number;
  /** 1 at the first try. */
  readonly attempt: number;
  /** Aborted when the job is cancelled, its lease is lost, or the service stops. */
  readonly signal: AbortSignal;
  /** Tells watchers how far the job is; also the worker pool's callback. */
  progress(progress: JobProgress): void;
  /** An empty folder of this attempt's own, removed when it is disposed of. */
  scratch(): Promise<AsyncDisposable & { readonly path: string }>;
  /**
   * A folder that the next attempt at this step finds again, also when its run is resumed; removed when the step has succeeded, or after a
   * week. Two attempts may hold it for a moment, when the older one has lost its lease: write below a name of this attempt's own.
   */
  kept(): Promise<string>;
}

export interface JobResult {
  readonly outputs: Record<string, ArtifactRef>;
  readonly metrics: JobMetrics;
}

export interface JobHandler<Spec = unknown> {
  handle(spec: Spec, job: RunningJob): Promise<JobResult>;
}
