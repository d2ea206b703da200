/** What an error tells besides its message: a code to branch on (kebab-case) and plain facts for people and logs. */
export interface ErrorFields {
  /** What was expected, what came, what to try. */
  readonly message: string;
  readonly code: string;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The base of every error on the compute side. A job that fails with one reports its code and facts. */
export class TunesmithError extends Error {
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(fields: ErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = new.target.name;
    this.code = fields.code;
    this.facts = fields.facts ?? {};
  }
}

/**
 * A tensor operation failed. `facts` has the operator, the argument, and dtype and shape of every tensor argument. Codes: tensor-expected,
 * tensor-disposed, argument-type, argument-missing, too-many-arguments, dtype-unknown, dtype-mismatch, shape-mismatch, byte-length,
 * index-out-of-range, integer-unsafe, out-of-memory, operator-unknown, operator-failed, not-supported, device-unknown, no-gradient,
 * gradient-needed, graph-freed, in-place-on-leaf, in-place-on-saved, scope-async, native-missing, native-broken.
 */
export class TensorError extends TunesmithError {}
