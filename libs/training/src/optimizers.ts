import type { OptimizedParameter, Optimizer } from './optimizer.js';
import { AdamW } from './optimizers/adamw.js';
import type { OptimizerOptions } from './train-options.js';
import { TrainingError } from './training-error.js';

/** Every optimizer, by the `kind` of its options. A new one is a file in optimizers/, its spec, and one line here. */
export function makeOptimizer(parameters: readonly OptimizedParameter[], options: OptimizerOptions): Optimizer {
  switch (options.kind) {
    case 'adamw':
      return new AdamW(parameters, options);
    default:
      throw new TrainingError('unknown-optimizer', `train: expected one of the optimizers adamw; got ${options.kind}.`, { kind: options.kind });
  }
}
