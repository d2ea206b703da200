import { ops, type Tensor } from '@tunesmith/tensor';

let manyRows = false;

/** input [rows, in] x weightᵀ [in, out] + bias -> [rows, out]; the one product that every linear and output head goes through. */
export function project(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return manyRows ? ops.manyRowsLinear(input, weight, bias) : ops.project(input, weight, bias);
}

/**
 * For passes over long batches: every product goes the way that is the fastest for many rows, even those of a pass that happens to be short. So a row
 * gets the same in float32 whatever stands beside it, as it does outside, but its last bits differ from those that it gets there.
 */
export function withManyRows<Result>(work: () => Result): Result {
  const before = manyRows;
  manyRows = true;
  try {
    return work();
  } finally {
    manyRows = before;
  }
}
