import { ops } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';

/** The weighted mean of the models ("model soups"): sum of w_i W_i over sum of w_i. Equal weights unless given. */
export const linear: MergeMethod = {
  name: 'linear',
  title: 'Linear average',
  paper: 'arXiv:2203.05482',
  takes: { kind: 'models', base: 'member', least: 1, most: Infinity },
  parameters: {
    weight: { per: 'model', kind: 'number', description: 'How much of each model; the weights need not sum to one.', default: 1, alias: 'weights' },
    normalize: { per: 'weight', kind: 'flag', description: 'Whether the sum is divided by the sum of the weights.', default: true },
  },
  merge({ models }, parameters) {
    const weights = parameters.numbers('weight');
    const sum = models.map((model, index) => ops.mulScalar(model, weights[index]!)).reduce((total, term) => ops.add(total, term));
    return parameters.flag('normalize') ? ops.divScalar(sum, weights.reduce((total, weight) => total + weight, 0)) : sum;
  },
};
