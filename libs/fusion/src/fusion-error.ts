import { TunesmithError } from '@tunesmith/tensor';

/** Models that cannot be fused as asked, or distributions that do not belong together. */
export class FusionError extends TunesmithError {
  constructor(code: string, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super({ message, code, facts });
  }
}
