import { ops, type Tensor } from '@tunesmith/tensor';
import { isSortedBySize, maskOf } from '../mask-of-places.js';
import type { MergeMethod } from '../merge-method.js';
import { maskedDifference, sumsOrderMatters } from '../task-vectors.js';

/** Sums of weights below it count as none: all models weigh the same then. */
const leastSum = 1e-6;

/**
 * SCE (FuseChat, arXiv 2408.07990, section 3.3): select the elements whose differences from the base vary most over the models, calculate each model's
 * weight from its squares there, erase what does not have the sign of the majority, and add the weighted mean of the rest. `masked` says which of the
 * two published forms is meant: unselected elements keep the base's value (the paper's formula, and mergekit), or selection only shapes the weights
 * and all differences are merged (the authors' release, FuseAI 7d9a307).
 */
export const sce: MergeMethod = {
  name: 'sce',
  title: 'SCE',
  paper: 'arXiv:2408.07990',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: {
    select_topk: { per: 'weight', kind: 'number', least: 0, most: 1, description: 'The share of elements (of those that vary at all) that is selected.', default: 1 },
    masked: { per: 'weight', kind: 'flag', description: 'Whether elements that were not selected keep the value of the base.', default: true },
    int8_mask: { per: 'weight', kind: 'flag', description: "Understood for mergekit's sake; masks have a bit per element here.", default: false },
  },
  merge({ base: given, models }, parameters) {
    const base = given!;
    const share = parameters.number('select_topk');
    const masked = parameters.flag('masked');
    const { mask, nothing } = selected(base, models, share);
    if (masked && nothing) return base;
    const weights = nothing ? models.map(() => 1 / models.length) : modelWeights(base, models, mask, masked ? leastSum : Number.MIN_VALUE);
    return ops.mergeTaskVectors(base, models, weights, models.map(() => (masked ? mask : null)), models.map(() => 1), 2, true, 1);
  },
};

/** The mask of what varies most; null where all is selected. Of equal variances at the end, see `isSortedBySize`. */
function selected(base: Tensor, models: readonly Tensor[], share: number): { mask: Tensor | null; nothing: boolean } {
  if (share >= 1) return { mask: null, nothing: false };
  if (!isSortedBySize(base)) {
    const [mask, count] = ops.mergeVarianceMask(base, models, share);
    return { mask, nothing: count.item() === 0 };
  }
  const variance = ops.reshape(ops.variance(ops.stack(models.map((model) => ops.sub(model, base))), 0, 0), [-1]);
  const count = Math.trunc(ops.countNonzero(variance).item() * share);
  return { mask: maskOf(ops.topk(variance, count)[1], base.size), nothing: count === 0 };
}

/** Each model's mean of squares over the sum of all, in the arithmetic of the models' dtype. */
function modelWeights(base: Tensor, models: readonly Tensor[], mask: Tensor | null, least: number): number[] {
  const means = sumsOrderMatters(base)
    ? ops.mean(ops.square(ops.stack(models.map((model) => ops.reshape(maskedDifference(base, model, mask), [-1])))), 1)
    : ops.toDtype(ops.toDtype(ops.divScalar(ops.mergeSquaredChanges(base, models, mask), base.size), 'float32'), base.dtype);
  const total = ops.sumAll(means).item();
  if (Math.abs(total) < least) return models.map(() => 1 / models.length);
  return ops.divScalar(means, total).toArray();
}
