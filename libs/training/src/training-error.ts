import { TunesmithError } from '@tunesmith/tensor';

/** Training that cannot start as asked, or whose result must not be kept. */
export class TrainingError extends TunesmithError {
  constructor(code: string, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super({ message, code, facts });
  }
}
