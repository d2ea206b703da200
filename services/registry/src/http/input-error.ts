import { PlatformError } from '@tunesmith/platform';

export interface InputProblem {
  /** Where it is, such as `body.steps.train`. */
  readonly at: string;
  readonly message: string;
  /** A key that is not known. */
  readonly unknown?: string;
}

/** A request that is not what its route takes. The HTTP API answers 400. */
export class InputError extends PlatformError {
  constructor(readonly problems: readonly InputProblem[]) {
    const lines = problems.map(({ at, message }) => `${at}: ${message}`);
    super({
      code: 'request-invalid',
      message: lines.length === 1 ? lines[0]! : `${lines.length} problems:\n- ${lines.join('\n- ')}`,
      facts: { problems: problems.map(({ at, message }) => ({ at, message })) },
    });
  }
}
