import type { Tensor } from '@tunesmith/tensor';
import { operatorsFor, type GateActivation } from './fused-operators.js';

export type { GateActivation };

/** activation(gate) · up (SwiGLU, GeGLU: arXiv 2002.05202): [tokens, 2 · width], gate and up side by side, -> [tokens, width]. */
export function gateActivation(gateUp: Tensor, activation: GateActivation): Tensor {
  return operatorsFor(gateUp).gate(gateUp, activation);
}
