import type { Tensor } from '@tunesmith/tensor';

/**
 * A batch without padding: all rows one after another. Row `r` owns the tokens `boundaries[r]` up to, not including,
 * `boundaries[r + 1]`. Attention never crosses a boundary.
 */
export interface PackedTokens {
  /** int64 [tokens] */
  readonly tokenIds: Tensor;
  /** int64 [tokens]; the place of each token in its own row, starting at 0 or, with a cache, at what the cache already holds. */
  readonly positions: Tensor;
  /** Cumulative token counts, length rows + 1, first 0, last tokens. */
  readonly boundaries: readonly number[];
  /** What the encoder of an encoder-decoder reads: one row for each row of this batch, in the same order. Other models read none. */
  readonly source?: PackedTokens;
  /** The place for images and sound; no family reads it yet. */
  readonly media?: readonly never[];
}
