import { ops, type Tensor } from '@tunesmith/tensor';
import { Module } from './module.js';

/** x / sqrt(mean(x²) + epsilon) · weight over the last dimension, computed in float32 (arXiv 1910.07467). */
export class RmsNorm extends Module {
  readonly weight: Tensor;
  readonly epsilon: number;
  /** The weight is stored as the distance from one, as in the Gemma families. */
  readonly unitOffset: boolean;

  /** `weight` [size] */
  constructor(path: string, weight: Tensor, { epsilon, unitOffset = false }: { epsilon: number; unitOffset?: boolean }) {
    super(path);
    this.weight = this.parameter('weight', weight);
    this.epsilon = epsilon;
    this.unitOffset = unitOffset;
  }

  /** [..., size] -> [..., size] */
  forward(input: Tensor): Tensor {
    return ops.fusedRmsNorm(input, this.weight, this.epsilon, this.unitOffset ? 1 : 0);
  }
}
