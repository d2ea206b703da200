import type { JobError } from '@tunesmith/contracts';

/** Facts that belong to an error; they travel as JSON. */
export type ErrorFacts = JobError['facts'];

export interface PlatformErrorOptions {
  /** What was expected, what came, what to try. */
  message: string;
  /** Stable and kebab-case, such as `disk-full`. */
  code: string;
  facts?: ErrorFacts;
  /** Whether the same work may succeed when it is tried again. */
  retryable?: boolean;
  cause?: unknown;
}

/** Base of the errors that platform and services throw. A job that fails with one keeps its code and facts. */
export class PlatformError extends Error {
  readonly code: string;
  readonly facts: ErrorFacts;
  readonly retryable: boolean;

  constructor({ message, code, facts = {}, retryable = false, cause }: PlatformErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.facts = facts;
    this.retryable = retryable;
  }
}
