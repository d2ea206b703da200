import { ops, type Tensor } from '@tunesmith/tensor';
import { Module } from './module.js';

/** A row of numbers per token. */
export class Embedding extends Module {
  readonly weight: Tensor;

  /** `weight` [count, size] */
  constructor(path: string, weight: Tensor) {
    super(path);
    this.weight = this.parameter('weight', weight);
  }

  /** int64 [tokens] -> [tokens, size] */
  forward(tokenIds: Tensor): Tensor {
    return ops.embedding(this.weight, tokenIds);
  }
}
