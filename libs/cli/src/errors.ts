import { exitCodes } from './exit-codes.js';

export interface CommandErrorParts {
  /** What was expected, what came. */
  readonly message: string;
  /** Stable, kebab-case. */
  readonly code: string;
  /** Commands or changes that mend it, one a line. */
  readonly attempts?: readonly string[];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error that a person caused or can mend: printed without a stack trace. */
export class CommandError extends Error {
  readonly code: string;
  readonly attempts: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly exitCode: number = exitCodes.failed;

  constructor({ message, code, attempts, facts, cause }: CommandErrorParts) {
    super(message, { cause });
    this.name = new.target.name;
    this.code = code;
    this.attempts = attempts ?? [];
    this.facts = facts ?? {};
  }
}

/** An option or argument that the command does not take. */
export class UsageError extends CommandError {
  override readonly exitCode = exitCodes.wrongUse;

  constructor(message: string, attempts?: readonly string[]) {
    super({ message, code: 'wrong-use', ...(attempts ? { attempts } : {}) });
  }
}

/** The person pressed Ctrl-C, and what was running has stopped. */
export class InterruptedError extends CommandError {
  override readonly exitCode = exitCodes.interrupted;

  constructor(message: string, attempts?: readonly string[]) {
    super({ message, code: 'interrupted', ...(attempts ? { attempts } : {}) });
  }
}
