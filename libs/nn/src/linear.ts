import { ops, type Tensor } from '@tunesmith/tensor';
import { Module } from './module.js';
import type { LinearLike } from './parts.js';

/** y = x Wᵀ + b. */
export class Linear extends Module implements LinearLike {
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  /** `weight` [outFeatures, inFeatures], `bias` [outFeatures] or null. */
  constructor(path: string, weight: Tensor, bias: Tensor | null = null) {
    super(path);
    this.weight = this.parameter('weight', weight);
    this.bias = bias && this.parameter('bias', bias);
  }

  forward(input: Tensor): Tensor {
    return ops.linear(input, this.weight, this.bias);
  }
}
