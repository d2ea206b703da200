import { ops, type Tensor } from '@tunesmith/tensor';

/** SwiGLU and GeGLU (arXiv 2002.05202), the latter with the tanh form of GELU. */
export type GateActivation = 'silu' | 'gelu_tanh';

/** activation(gate) · up: [tokens, 2 · width], gate and up side by side, -> [tokens, width]. */
export function gateActivation(gateUp: Tensor, activation: GateActivation): Tensor {
  return ops.gatedActivation(gateUp, activation);
}
