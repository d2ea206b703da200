import type { OptimizedParameter, Optimizer } from './optimizer.js';
import { Adafactor } from './optimizers/adafactor.js';
import { AdamW, adamWDefaults } from './optimizers/adamw.js';
import { isHiddenMatrix, Muon } from './optimizers/muon.js';
import { together } from './optimizers/together.js';
import type { OptimizerOptions } from './train-options.js';
import { TrainingError } from './training-error.js';

/** Every optimizer, by the `kind` of its options. A new one is a file in optimizers/, its spec, and one line here. */
const optimizers: { readonly [Kind in OptimizerOptions['kind']]: (parameters: readonly OptimizedParameter[], options: Extract<OptimizerOptions, { kind: Kind }>) => Optimizer } = {
  adamw: (parameters, options) => new AdamW(parameters, options),
  adafactor: (parameters, options) => new Adafactor(parameters, options),
  muon: (parameters, options) =>
    together([
      new Muon(parameters.filter(isHiddenMatrix), options),
      new AdamW(parameters.filter((parameter) => !isHiddenMatrix(parameter)), { ...adamWDefaults, weightDecay: options.weightDecay }),
    ]),
};

/** Weight decay spares biases and norms, as transformers' trainer does: to draw them towards 0 is to change what they are for. */
export function makeOptimizer(parameters: readonly OptimizedParameter[], options: OptimizerOptions): Optimizer {
  const make = optimizers[options.kind] as ((parameters: readonly OptimizedParameter[], options: OptimizerOptions) => Optimizer) | undefined;
  if (!make) throw new TrainingError('unknown-optimizer', `train: expected one of the optimizers ${Object.keys(optimizers).join(', ')}; got ${options.kind}.`, { kind: options.kind });
  const spared = options.weightDecay > 0 ? parameters.filter(({ name }) => isSpared(name)) : [];
  if (spared.length === 0) return make(parameters, options);
  return together([make(parameters.filter(({ name }) => !isSpared(name)), options), make(spared, { ...options, weightDecay: 0 })]);
}

/** `…layernorm.weight`, `model.norm.weight`, `q_norm.weight`, `ln_1.weight`, `layer_norm.weight`, and every bias. */
function isSpared(name: string): boolean {
  return /(^|\.)(\w*norm|ln_\w+)\.weight$|(^|[._])bias$/.test(name);
}
