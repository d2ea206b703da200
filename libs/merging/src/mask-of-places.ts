import { ops, tensor, zeros, type Tensor } from '@tunesmith/tensor';

/** Up to here sorting costs nothing; the matrices of real models are larger, and are selected from without sorting. */
const mostSorted = 100_000;

/** Whether elements of this weight are chosen by libtorch's sorts, whose order among equal ones mergekit has too. */
export function isSortedBySize({ size }: Tensor): boolean {
  return size <= mostSorted;
}

/** The mask, a bit for each element, that keeps the elements at these places. */
export function maskOf(places: Tensor, size: number): Tensor {
  const padded = Math.ceil(size / 8) * 8;
  const kept = ops.scatterScalarInPlace(zeros([padded], { dtype: 'int32' }), 0, places, 1);
  return ops.toDtype(ops.sum(ops.mul(ops.reshape(kept, [-1, 8]), tensor([1, 2, 4, 8, 16, 32, 64, 128], { dtype: 'int32' })), 1), 'uint8');
}
