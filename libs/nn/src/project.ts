import { ops, type Tensor } from '@tunesmith/tensor';

/** input [rows, in] x weightᵀ [in, out] + bias -> [rows, out]; the one product that every linear and output head goes through. */
export function project(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return ops.project(input, weight, bias);
}
