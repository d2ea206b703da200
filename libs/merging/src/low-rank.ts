import { ops, zeros, type Tensor } from '@tunesmith/tensor';
import { forEachPiece } from './pieces.js';

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
  const tall = out > width;
  const long = tall ? matrix : ops.t(matrix); // [large, small]
  const small = long.shape[1]!;
  const gram = zeros([small, small], { dtype: 'float64' });
  const wide = (piece: Tensor): Tensor => ops.toDtype(piece, 'float64');
  forEachPiece([long], ([piece]) => {
    const rows = wide(piece!);
    ops.addInPlace(gram, ops.matmul(ops.t(rows), rows));
  });
  const [values, vectors] = ops.eigh(gram); // ascending
  const singularValues = ops.sqrt(ops.clamp(ops.flip(values, [0]), 0, null));
  const all = singularValues.toArray();
  const rank = Math.max(1, Math.min(all.length, chooseRank(all)));
  const own = ops.narrow(ops.flip(vectors, [1]), 1, 0, rank); // [small, rank]
  const roots = ops.sqrt(ops.narrow(singularValues, 0, 0, rank));
  const near = ops.toDtype(ops.mul(own, roots), 'float32'); // [small, rank]
  // Directions without length have no other side.
  const empty = ops.eqScalar(roots, 0);
  const projection = ops.mul(own, ops.maskedFill(ops.reciprocal(ops.maskedFill(roots, empty, 1)), empty, 0));
  const far = zeros([long.shape[0]!, rank], { dtype: 'float32' }); // [large, rank]
  forEachPiece([long], ([piece], start, count) => void ops.copyInPlace(ops.narrow(far, 0, start, count), ops.matmul(wide(piece!), projection)));
  return tall ? { b: far, a: ops.contiguous(ops.t(near)), singularValues: all } : { b: near, a: ops.contiguous(ops.t(far)), singularValues: all };
}

/** How many singular values hold this share of the sum of squares. */
export function rankOfEnergy(singularValues: readonly number[], share: number): number {
  const total = singularValues.reduce((sum, value) => sum + value ** 2, 0);
  let held = 0;
  const found = singularValues.findIndex((value) => (held += value ** 2) >= share * total);
  return found === -1 ? singularValues.length : found + 1;
}
