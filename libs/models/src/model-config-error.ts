import { TunesmithError } from '@tunesmith/tensor';

/** A config.json that cannot be served faithfully: unknown key, missing or wrong value, a feature that is not there. */
export class ModelConfigError extends TunesmithError {
  constructor({ message, facts, cause }: { message: string; facts?: Record<string, unknown>; cause?: unknown }) {
    super({ message, code: 'model-config-invalid', facts, cause });
  }
}
