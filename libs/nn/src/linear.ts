import type { Tensor } from '@tunesmith/tensor';
import { joinedProduct } from './joined-product.js';
import { Module } from './module.js';
import type { LinearLike, LinearTerms } from './parts.js';
import { project } from './project.js';

/** y = x Wᵀ + b. */
export class Linear extends Module implements LinearLike {
  readonly bias: Tensor | null;

  /** `weight` [outFeatures, inFeatures], `bias` [outFeatures] or null. */
  constructor(path: string, weight: Tensor, bias: Tensor | null = null) {
    super(path);
    this.parameter('weight', weight);
    this.bias = bias && this.parameter('bias', bias);
  }

  get weight(): Tensor {
    return this.own('weight');
  }

  /** Takes other memory of the same shape for the weight, and its values with it. For those who build models, before weights are filled. */
  adoptWeight(weight: Tensor): void {
    this.weight.dispose();
    this.parameter('weight', weight);
  }

  forward(input: Tensor): Tensor {
    return joinedProduct(input, [this]) ?? project(input, this.weight, this.bias);
  }

  terms(): LinearTerms {
    return { weight: this.weight, bias: this.bias };
  }
}
