import { ops, type Tensor } from '@tunesmith/tensor';

export interface LowRankFactors {
  /** [out, rank]: left singular vectors, each times the root of its singular value. */
  readonly b: Tensor;
  /** [rank, in]: right singular vectors, each times the root of its singular value. */
  readonly a: Tensor;
  /** Of the whole matrix, the largest first. */
  readonly singularValues: readonly number[];
}

/**
 * The matrices of rank r whose product is nearest to a matrix [out, in] (Eckart and Young 1936), in float32. The singular vectors of the smaller side are
 * eigenvectors of its Gram matrix in float64, and the other side follows by projection: much faster than a whole decomposition, and exact to
 * about 1e-8 of the largest singular value.
 *
 * @param chooseRank how many of the singular values (largest first) to keep, at least 1
 */
export function lowRankFactors(matrix: Tensor, chooseRank: (singularValues: readonly number[]) => number): LowRankFactors {
  const [out, width] = matrix.shape as [number, number];
  const wide = ops.toDtype(matrix, 'float64');
  const tall = out > width;
  const side = tall ? ops.t(wide) : wide; // [small, large]
  const [values, vectors] = ops.eigh(ops.matmul(side, ops.t(side))) as [Tensor, Tensor]; // ascending
  const singularValues = ops.sqrt(ops.clamp(ops.flip(values, [0]), 0, null));
  const all = singularValues.toArray();
  const rank = Math.max(1, Math.min(all.length, chooseRank(all)));
  const own = ops.narrow(ops.flip(vectors, [1]), 1, 0, rank); // [small, rank]
  const kept = ops.narrow(singularValues, 0, 0, rank);
  const roots = ops.sqrt(kept);
  // Directions without length have no other side.
  const inverse = ops.where(ops.gtScalar(roots, 0), ops.reciprocal(ops.maskedFill(roots, ops.eqScalar(roots, 0), 1)), ops.zerosLike(roots));
  const near = ops.mul(own, roots); // [small, rank]
  const far = ops.mul(ops.matmul(ops.t(own), side), ops.unsqueeze(inverse, 1)); // [rank, large]
  const narrow = (tensor: Tensor): Tensor => ops.contiguous(ops.toDtype(tensor, 'float32'));
  return tall ? { b: narrow(ops.t(far)), a: narrow(ops.t(near)), singularValues: all } : { b: narrow(near), a: narrow(far), singularValues: all };
}

/** How many singular values hold this share of the sum of squares. */
export function rankOfEnergy(singularValues: readonly number[], share: number): number {
  const total = singularValues.reduce((sum, value) => sum + value ** 2, 0);
  let held = 0;
  const found = singularValues.findIndex((value) => (held += value ** 2) >= share * total);
  return found === -1 ? singularValues.length : found + 1;
}
