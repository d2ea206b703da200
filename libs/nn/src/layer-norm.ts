import { ops, type Tensor } from '@tunesmith/tensor';
import { Module } from './module.js';

/** (x - mean) / sqrt(variance + epsilon) · weight + bias over the last dimension (arXiv 1607.06450). */
export class LayerNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly epsilon: number;

  /** `weight` [size], `bias` [size] or null. */
  constructor(path: string, weight: Tensor, bias: Tensor | null, { epsilon }: { epsilon: number }) {
    super(path);
    this.weight = this.parameter('weight', weight);
    this.bias = bias && this.parameter('bias', bias);
    this.epsilon = epsilon;
  }

  /** [..., size] -> [..., size] */
  forward(input: Tensor): Tensor {
    return ops.layerNorm(input, this.weight.shape, this.weight, this.bias, this.epsilon);
  }
}
