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

  /** int64 [tokens] -> [tokens, size]. `boundaries`: those of the batch, where the tokens are its text and nothing is done to the rows before a block reads them. */
  forward(tokenIds: Tensor, boundaries?: readonly number[]): Tensor {
    const embedded = ops.embedding(this.weight, tokenIds);
    return boundaries ? this.perturbed(embedded, boundaries) : embedded;
  }

  /** What training adds to the embedded text [tokens, size]: here nothing. Families that scale embeddings hand it the scaled ones. */
  perturbed(embedded: Tensor, _boundaries: readonly number[]): Tensor {
    return embedded;
  }
}
