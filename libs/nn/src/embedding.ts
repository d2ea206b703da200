import { ops, type Tensor } from '@tunesmith/tensor';
import { Module } from './module.js';

export interface EmbeddingOptions {
  /** Of a token that stands where there is no text: what reads it gives its row no gradient. Rows that the embedding does not have are none. */
  readonly paddingRow?: number | null | undefined;
}

/** A row of numbers per token. */
export class Embedding extends Module {
  readonly weight: Tensor;
  /** The row that reading it teaches nothing: from the end where it is negative, as in PyTorch; undefined: there is none. */
  readonly paddingRow: number | undefined;

  /** `weight` [count, size] */
  constructor(path: string, weight: Tensor, { paddingRow }: EmbeddingOptions = {}) {
    super(path);
    this.weight = this.parameter('weight', weight);
    this.paddingRow = paddingRow ?? undefined;
  }

  /** int64 [tokens] -> [tokens, size]. `boundaries`: those of the batch, where the tokens are its text and nothing is done to the rows before a block reads them. */
  forward(tokenIds: Tensor, boundaries?: readonly number[]): Tensor {
    const embedded = ops.embedding(this.weight, tokenIds, this.#paddingIndex());
    return boundaries ? this.perturbed(embedded, boundaries) : embedded;
  }

  /** What training adds to the embedded text [tokens, size]: here nothing. Families that scale embeddings hand it the scaled ones. */
  perturbed(embedded: Tensor, _boundaries: readonly number[]): Tensor {
    return embedded;
  }

  /** As the operator takes it: -1 for none. */
  #paddingIndex(): number {
    const [count = 0] = this.weight.shape;
    const { paddingRow } = this;
    if (paddingRow === undefined || paddingRow >= count || paddingRow < -count) return -1;
    return paddingRow < 0 ? paddingRow + count : paddingRow;
  }
}
