import { PlatformError, type ErrorFacts } from '../errors/platform-error.js';
import { jobErrorOf } from '../errors/job-error-of.js';
import { isRetryable } from '../errors/retryable.js';

/** An error as it crosses a process boundary. */
export interface WireError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly facts: ErrorFacts;
  readonly retryable: boolean;
  readonly stack: string | undefined;
}

export function toWire(error: unknown): WireError {
  const { code, message, facts } = jobErrorOf(error);
  return { name: error instanceof Error ? error.name : 'Error', code, message, facts, retryable: isRetryable(error), stack: error instanceof Error ? error.stack : undefined };
}

/** An error that was thrown in a worker: its name, code, facts and stack are those it had there. */
export class WorkerError extends PlatformError {
  constructor(wire: WireError) {
    super(wire);
    this.name = wire.name;
    if (wire.stack) this.stack = wire.stack;
  }
}
