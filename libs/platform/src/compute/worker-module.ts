import type { JobProgress } from '@tunesmith/contracts';

/** What a function in a worker process is given; domain code knows the same shape. */
export interface WorkContext {
  readonly signal: AbortSignal;
  onProgress(progress: JobProgress): void;
}

/** What a function is given that its caller goes on talking to while it runs. */
export interface ConversationContext extends WorkContext {
  /** To the caller. */
  send(message: unknown): void;
  /** From the caller, in their order; those that came before wait. */
  onMessage(listener: (message: unknown) => void): void;
}

/** Inputs and results cross a process boundary by structured clone: plain data, typed arrays, no functions or classes. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each function has its own input type; the caller names it.
export type WorkerFunction = (input: any, context: ConversationContext) => Promise<unknown>;

/** Bytes, or the bytes of each part (`{ weights, gradients }`), which the refusal then names. */
export type PredictedMemory = number | Readonly<Record<string, number>>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type MemoryPrediction = (input: any) => PredictedMemory | Promise<PredictedMemory>;

export interface WorkerModule {
  readonly functions: Readonly<Record<string, WorkerFunction>>;
  /** Peak memory that a call will need, by function; a job that never fits is refused with the sum. */
  readonly predictMemory?: Readonly<Record<string, MemoryPrediction>>;
  /** Cores that a call keeps busy, by function. Default: the worker's threads. 0 is for short interactive work. */
  readonly cores?: Readonly<Record<string, number>>;
  /** Where its models compute whatever `TUNESMITH_DEVICE` says, for work that no other device can do. */
  readonly device?: 'cpu';
}

export type WorkerOptions = Omit<WorkerModule, 'functions'>;

/** Names the domain functions that a service's workers may run: the default export of `services/X/src/worker.ts`. */
export function defineWorker(functions: Readonly<Record<string, WorkerFunction>>, options: WorkerOptions = {}): WorkerModule {
  return { functions, ...options };
}
