import { ops, type Tensor } from '@tunesmith/tensor';

/** What stands between the products of a block. Our kernels do each in one pass on the CPU; elsewhere plain operators do. */
export interface BlockOperators {
  /** x / sqrt(mean(x²) + epsilon) · (weight + offset) over the last dimension, in float32. */
  rmsNorm(input: Tensor, weight: Tensor, epsilon: number, offset: number): Tensor;
  /** [tokens, heads, headDim] turned in halves by float32 cosines and sines [tokens, 1, headDim]. */
  rotate(input: Tensor, cosines: Tensor, sines: Tensor): Tensor;
  /** activation(gate) · up: [tokens, 2 · width], gate and up side by side, -> [tokens, width] */
  gate(gateUp: Tensor, activation: GateActivation): Tensor;
}

/** SwiGLU and GeGLU (arXiv 2002.05202), the latter with the tanh form of GELU. */
export type GateActivation = 'silu' | 'gelu_tanh';

export const kernelOperators: BlockOperators = {
  rmsNorm: (input, weight, epsilon, offset) => ops.fusedRmsNorm(input, weight, epsilon, offset),
  rotate: (input, cosines, sines) => ops.rotate(input, cosines, sines),
  gate: (gateUp, activation) => ops.gatedActivation(gateUp, activation),
};

export const plainOperators: BlockOperators = {
  rmsNorm(input, weight, epsilon, offset) {
    const x = ops.toDtype(input, 'float32');
    const normed = ops.mul(x, ops.rsqrt(ops.addScalar(ops.mean(ops.square(x), -1, true), epsilon)));
    return ops.toDtype(ops.mul(normed, ops.addScalar(ops.toDtype(weight, 'float32'), offset)), input.dtype);
  },
  rotate(input, cosines, sines) {
    const x = ops.toDtype(input, 'float32');
    const [first, second] = halves(x);
    return ops.toDtype(ops.add(ops.mul(x, cosines), ops.mul(ops.cat([ops.neg(second), first], -1), sines)), input.dtype);
  },
  gate(gateUp, activation) {
    const [gate, up] = halves(gateUp);
    return ops.mul(activation === 'silu' ? ops.silu(gate) : ops.gelu(gate, 'tanh'), up);
  },
};

export function operatorsFor(tensor: Tensor): BlockOperators {
  return tensor.device === 'cpu' ? kernelOperators : plainOperators;
}

function halves(tensor: Tensor): [Tensor, Tensor] {
  const [first, second] = ops.chunk(tensor, 2, -1);
  if (!first || !second) throw new RangeError('expected an even last dimension');
  return [first, second];
}
