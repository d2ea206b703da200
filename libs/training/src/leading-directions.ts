import { ops, type Tensor } from '@tunesmith/tensor';

/** The largest singular values of a matrix [m, n] and their directions, in float32. */
export interface LeadingDirections {
  /** [m, rank], orthonormal columns. */
  readonly left: Tensor;
  /** [rank], descending. */
  readonly values: Tensor;
  /** [rank, n], orthonormal rows. */
  readonly right: Tensor;
}

/**
 * The `rank` leading singular triplets of a matrix, by the eigenvectors of the product with itself over its longer side: several times faster than a
 * full decomposition of a long matrix. In float64, where squaring costs nothing that float32 holds. Of each pair of directions, whose sign is free, the one
 * on the shorter side has its largest number positive.
 */
export function leadingDirections(matrix: Tensor, rank: number): LeadingDirections {
  const [rows = 0, columns = 0] = matrix.shape;
  if (rows > columns) {
    const { left, values, right } = leadingDirections(ops.t(matrix), rank);
    return { left: ops.t(right), values, right: ops.t(left) };
  }
  const wide = ops.toDtype(matrix, 'float64');
  const [squares, vectors] = ops.eigh(ops.matmul(wide, ops.t(wide))); // ascending
  const found = ops.flip(ops.narrow(vectors, 1, rows - rank, rank), [1]); // [rows, rank]
  const left = ops.mul(found, ops.sign(ops.gather(found, 0, ops.argmax(ops.abs(found), 0, true)))); // [rows, rank]
  const values = ops.sqrt(ops.clamp(ops.flip(ops.narrow(squares, 0, rows - rank, rank), [0]), 0)); // [rank]
  // Directions of no length have none; any number above 0 keeps them finite.
  const right = ops.div(ops.matmul(ops.t(left), wide), ops.unsqueeze(ops.clamp(values, 1e-30), 1)); // [rank, columns]
  return { left: ops.toDtype(left, 'float32'), values: ops.toDtype(values, 'float32'), right: ops.toDtype(right, 'float32') };
}
