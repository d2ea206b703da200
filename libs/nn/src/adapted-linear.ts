import type { Tensor } from '@tunesmith/tensor';
import { Module } from './module.js';
import { featuresOf, type LinearLike } from './parts.js';

/** A frozen linear with something trained beside it: all that is asked of a linear but the product is that of the frozen one. */
export abstract class AdaptedLinear extends Module implements LinearLike {
  constructor(readonly base: LinearLike) {
    super(base.path);
    this.add(base);
  }

  /** The frozen weight, without what is trained. */
  get weight(): Tensor {
    return this.base.weight;
  }

  get shape(): readonly [outFeatures: number, inFeatures: number] {
    return featuresOf(this.base);
  }

  get bias(): Tensor | null {
    return this.base.bias;
  }

  abstract forward(input: Tensor): Tensor;
}
