import { ops, type Tensor } from '@tunesmith/tensor';

/** Between these many rows the weight is better the left factor: libtorch repacks the right one on every call, which for few rows is most of the time. */
const fewRows = { from: 2, to: 64 };

/**
 * input [rows, in] x weightᵀ [in, out] + bias -> [rows, out]; the one product that every linear and output head goes through. For few rows in
 * bfloat16 (decoding) the result is laid out column by column.
 */
export function project(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const [rows = 0] = input.shape;
  if (rows < fewRows.from || rows > fewRows.to || weight.dtype !== 'bfloat16') return ops.linear(input, weight, bias);
  const product = ops.t(ops.matmul(weight, ops.t(input)));
  return bias ? ops.add(product, bias) : product;
}
