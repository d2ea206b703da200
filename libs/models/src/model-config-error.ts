import { TunesmithError, type ErrorFacts } from '@tunesmith/tensor';

/** A config.json that cannot be served faithfully: unknown key, missing or wrong value, a feature that is not there. */
export class ModelConfigError extends TunesmithError {
  constructor({ message, facts, cause }: { message: string; facts?: ErrorFacts; cause?: unknown }) {
    super({ message, code: 'model-config-invalid', facts, cause });
  }
}
