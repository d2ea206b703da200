import { full } from './methods/full.js';
import { lora } from './methods/lora.js';
import type { TrainOptions } from './train-options.js';
import { TrainingError } from './training-error.js';
import type { TuningMethod } from './tuning-method.js';

/** Every way to tune, by the `kind` of its options. A new one is a file in methods/, its spec, and one line here. */
export function tuningMethod(options: TrainOptions): TuningMethod {
  const { method } = options;
  switch (method.kind) {
    case 'lora':
      return lora(method, options);
    case 'full':
      return full(method, options);
    default:
      throw new TrainingError('unknown-method', `train: expected one of the methods lora, full; got ${method.kind}.`, { kind: method.kind });
  }
}
