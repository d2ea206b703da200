/** How far a piece of work has come. */
export interface WorkProgress {
  /** A plain word for what is going on: `tokenize`, `train`, `write`. */
  readonly phase: string;
  readonly done: number;
  readonly total?: number;
  /** What `done` counts: `rows`, `steps`, `bytes`. */
  readonly unit?: string;
  readonly message?: string;
  readonly metrics?: Record<string, number>;
}

/** What domain code needs from whoever runs it, a service's worker or a plain script. */
export interface WorkContext {
  /** Aborted when the work is no longer wanted: stop soon, leave nothing half-written. */
  readonly signal: AbortSignal;
  onProgress(progress: WorkProgress): void;
}
