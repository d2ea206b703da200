import { full } from './methods/full.js';
import { lora } from './methods/lora.js';
import type { TrainOptions } from './train-options.js';
import type { TuningMethod } from './tuning-method.js';

/** Every way to tune, by the `kind` of its options. A new one is a file in methods/, its spec, and one line here. */
const methods = { lora, full } as const;

export function tuningMethod(options: TrainOptions): TuningMethod {
  const { method } = options;
  return method.kind === 'lora' ? methods.lora(method, options) : methods.full(options);
}
