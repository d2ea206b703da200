import { TunesmithError } from '@tunesmith/tensor';

/** A merge that cannot be done as asked, or whose result must not be kept. */
export class MergeError extends TunesmithError {
  constructor(code: string, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super({ message, code, facts });
  }
}
