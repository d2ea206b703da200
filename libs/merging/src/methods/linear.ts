import { ops } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';

/** The weighted mean of the models ("model soups"): sum of w_i W_i over sum of w_i. Equal weights unless given. */
export const linear: MergeMethod = {
  name: 'linear',
  title: 'Linear average',
  paper: 'arXiv:2203.05482',
  takes: { kind: 'models', least: 1, most: Infinity },
  parameters: { weights: { description: 'One weight per model, the base first; they need not sum to one.', default: null } },
  merge({ base, models }, parameters) {
    const all = [base, ...models];
    const weights = parameters.numbers('weights', all.length) ?? all.map(() => 1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const terms = all.map((tensor, index) => ops.mulScalar(tensor, weights[index]! / total));
    return terms.reduce((sum, term) => ops.add(sum, term));
  },
};
