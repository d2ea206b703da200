import { PlatformError } from '@tunesmith/platform';

/** A request that is not what its route takes. The HTTP API answers 400. */
export class InputError extends PlatformError {
  constructor(problems: readonly { at: string; message: string }[]) {
    const lines = problems.map(({ at, message }) => `${at}: ${message}`);
    super({
      code: 'request-invalid',
      message: lines.length === 1 ? lines[0]! : `${lines.length} problems:\n- ${lines.join('\n- ')}`,
      facts: { problems: problems.map((problem) => ({ ...problem })) },
    });
  }
}
