import { ops, type Tensor } from '@tunesmith/tensor';
import { lowRankFactors } from '../low-rank.js';
import { dequantizeVectors, quantizeVectors, scaleLength, type QuantizedVectors } from './quantize-vectors.js';

/** So many singular vectors in so many bits, the largest first; a rank of null takes what the budget leaves. */
export interface PrecisionGroup {
  readonly rank: number | null;
  readonly bits: number;
}

export interface CompressedGroup {
  readonly bits: number;
  readonly rank: number;
  /** Rows are vectors along the inputs: [rank, in]. */
  readonly right: QuantizedVectors;
  /** Rows are vectors along the outputs: [rank, out]. */
  readonly left: QuantizedVectors;
}

/** The ranks of the groups for a matrix, where all together may take `bitsPerWeight` times its elements; groups that get nothing are left out. */
export function planRanks([out, width]: readonly [number, number], groups: readonly PrecisionGroup[], bitsPerWeight: number): { readonly rank: number; readonly bits: number }[] {
  const most = Math.min(out, width);
  let bitsLeft = bitsPerWeight * out * width;
  let ranksLeft = most;
  return groups.flatMap(({ rank, bits }) => {
    const perVector = bits * (out + width) + 16 * (Math.ceil(out / scaleLength) + Math.ceil(width / scaleLength));
    const taken = Math.min(rank ?? most, ranksLeft, Math.floor(bitsLeft / perVector));
    ranksLeft -= taken;
    bitsLeft -= taken * perVector;
    return taken > 0 ? [{ rank: taken, bits }] : [];
  });
}

/**
 * A matrix [out, in] by groups of its singular vectors (Delta-CoMe, arXiv 2406.08903, section 3). What rounding loses is mended twice, without data: the left vectors are
 * fitted to the right ones as those were rounded, and each group takes its vectors from what the groups before it left over.
 */
export function compressMatrix(matrix: Tensor, ranks: readonly { readonly rank: number; readonly bits: number }[]): { readonly groups: CompressedGroup[]; readonly rest: Tensor } {
  const groups: CompressedGroup[] = [];
  let rest = matrix;
  for (const { rank, bits } of ranks) {
    const { a } = lowRankFactors(rest, () => rank);
    const right = quantizeVectors(a, bits);
    const rounded = dequantizeVectors(right, bits); // [rank, in]
    // Least squares: left = (R Rᵀ + tiny)⁻¹ R restᵀ; the tiny part keeps vectors without length from dividing by zero.
    const wide = ops.toDtype(rounded, 'float64');
    const gram = ops.matmul(wide, ops.t(wide));
    const diagonal = ops.diagonal(gram);
    ops.addScalarInPlace(diagonal, Math.max(ops.amax(diagonal).item() * 1e-9, Number.MIN_VALUE));
    const fitted = ops.matmul(ops.toDtype(ops.matmul(ops.inverse(gram), wide), 'float32'), ops.t(rest)); // [rank, out]
    const left = quantizeVectors(fitted, bits);
    groups.push({ bits, rank: right.codes.shape[0]!, right, left });
    rest = ops.sub(rest, ops.matmul(ops.t(dequantizeVectors(left, bits)), rounded));
  }
  return { groups, rest };
}

/** The product of one group, [out, in]. */
export function restoreGroup({ left, right }: { readonly left: QuantizedVectors; readonly right: QuantizedVectors }, bits: number): Tensor {
  return ops.matmul(ops.t(dequantizeVectors(left, bits)), dequantizeVectors(right, bits));
}
