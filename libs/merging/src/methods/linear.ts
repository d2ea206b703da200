import { ops, tensor } from '@tunesmith/tensor';
import { MergeError } from '../merge-error.js';
import type { MergeMethod } from '../merge-method.js';
import { wideDtype } from '../pieces.js';

/** The weighted mean of the models ("model soups"): sum of w_i W_i over sum of w_i, summed in float32 (float64 of float64). Equal weights unless given. */
export const linear: MergeMethod = {
  name: 'linear',
  title: 'Linear average',
  paper: 'arXiv:2203.05482',
  takes: { kind: 'models', base: 'member', least: 1, most: Infinity },
  elementwise: true,
  keepsNotFinite: true,
  parameters: {
    weight: { per: 'model', kind: 'number', description: 'How much of each model; the weights need not sum to one.', default: 1, alias: 'weights' },
    normalize: { per: 'weight', kind: 'flag', description: 'Whether the sum is divided by the sum of the weights.', default: true },
  },
  merge({ name, models }, parameters) {
    const weights = parameters.numbers('weight');
    if (!parameters.flag('normalize')) return ops.mergeLinear(models, weights, 1);
    const total = ops.sumAll(tensor(weights, { dtype: wideDtype(models[0]!) })).item();
    if (total === 0) throw new MergeError('wrong-merge-parameter', `linear.weight: expected weights that do not sum to zero, since their sum divides; got ${weights.join(', ')} for "${name}". Change them, or set normalize to false.`, { tensor: name, weights });
    return ops.mergeLinear(models, weights, total);
  },
};
