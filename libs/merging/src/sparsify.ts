import { ops, type Tensor } from '@tunesmith/tensor';
import { MergeError } from './merge-error.js';
import type { MergeInput } from './merge-method.js';
import type { MergeParameters } from './merge-parameters.js';
import { isSortedBySize, maskOf } from './mask-of-places.js';
import { scalar } from './pieces.js';
import type { SparseTaskVector } from './task-vectors.js';

type Sparsify = (base: Tensor, model: Tensor, index: number) => SparseTaskVector;

/** Keeps the share of largest magnitude (TIES, arXiv 2306.01708, section 3). At least one element is kept. */
export function byMagnitude(parameters: MergeParameters): Sparsify {
  return (base, model, index) => betweenRanks(base, model, 0, Math.max(1, Math.trunc(parameters.numbers('density')[index]! * base.size)), true);
}

/** Drops the share `gamma` of largest magnitude and as many of the smallest as leave the share `density` (Breadcrumbs, arXiv 2312.06795, section 3). */
export function withoutOutliers(parameters: MergeParameters): Sparsify {
  return (base, model, index) => {
    const kept = Math.trunc(parameters.numbers('density')[index]! * base.size);
    const largest = Math.trunc(parameters.numbers('gamma')[index]! * base.size);
    return betweenRanks(base, model, Math.max(0, base.size - kept - largest), kept, false);
  };
}

/**
 * Keeps the differences from rank `first` on, `count` of them, by magnitude. Of equal magnitudes at an end a large weight keeps the first; a small one keeps those that libtorch's
 * sort puts there, as mergekit does: in bfloat16 they are several in a thousand, and equality with it would hang on them.
 */
function betweenRanks(base: Tensor, model: Tensor, first: number, count: number, descending: boolean): SparseTaskVector {
  if (!isSortedBySize(base)) {
    const [mask, sums] = ops.mergeMagnitudeMask(base, model, first, count, descending);
    return { mask, sums };
  }
  const order = ops.argsort(ops.toDtype(ops.reshape(ops.abs(ops.sub(model, base)), [-1]), 'float32'), 0, descending);
  return { mask: maskOf(ops.narrow(order, 0, first, count), base.size), sums: null };
}

/** Keeps each element with the probability `density` (DARE, arXiv 2311.03099, section 3). */
export function byChance({ seed }: MergeInput, parameters: MergeParameters): Sparsify {
  return (base, model, index) => {
    const [mask, sums] = ops.mergeRandomMask(base, model, parameters.numbers('density')[index]!, seed, index);
    return { mask, sums, widensHalf: true };
  };
}

/**
 * Keeps each element with a probability that grows with its rank in its row, from density - epsilon to density + epsilon (DELLA, arXiv 2406.11617,
 * section 3.1).
 *
 * @throws MergeError `wrong-merge-parameter` where that leaves the range from 0 to 1
 */
export function byRank({ seed }: MergeInput, parameters: MergeParameters): Sparsify {
  return (base, model, index) => {
    const density = parameters.numbers('density')[index]!;
    const epsilon = parameters.numbers('epsilon')[index]!;
    if (density - epsilon <= 0 || density + epsilon >= 1) {
      throw new MergeError('wrong-merge-parameter', `della: expected density - epsilon above 0 and density + epsilon below 1; got density ${density} and epsilon ${epsilon}. Choose a smaller epsilon.`, { parameter: 'epsilon', density, epsilon });
    }
    // What libtorch adds to a bfloat16 tensor it rounds to bfloat16 first; what it multiplies with, not.
    const least = base.dtype === 'bfloat16' ? scalar(density - epsilon, 'bfloat16').item() : density - epsilon;
    const [mask, sums] = ops.mergeRankMask(base, model, least + epsilon, epsilon, seed, index);
    return { mask, sums, widensHalf: true };
  };
}
