import { ops, type Tensor } from '@tunesmith/tensor';
import type { CacheLayer } from './key-value-cache.js';

export interface AttentionOptions {
  /** Cumulative token counts; see PackedTokens. */
  readonly boundaries: readonly number[];
  /** What scores are multiplied by, usually 1 / sqrt(headDim). */
  readonly scale: number;
  /** A token sees itself and the `window - 1` tokens before it; null or absent: every token before it in its row. */
  readonly window?: number | null;
  /** Scores s become softcap · tanh(s / softcap); null or absent: as they are. */
  readonly softcap?: number | null;
  /** Continue the rows of a cache, and remember these keys and values. */
  readonly cache?: CacheLayer;
}

/**
 * Causal attention of each row over itself and, with a cache, over what the cache holds of it; never over another row.
 * query [tokens, heads, headDim]; key, value [tokens, keyValueHeads, headDim], each serving heads / keyValueHeads query heads
 * in a row; -> [tokens, heads, headDim].
 */
export function packedAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  return options.cache ? options.cache.attend(query, key, value, options) : attendWithin(query, key, value, options);
}

/** Attention without a cache, nothing padded. */
export function attendWithin(query: Tensor, key: Tensor, value: Tensor, { boundaries, scale, window, softcap }: AttentionOptions): Tensor {
  return ops.packedAttention(query, key, value, boundaries, scale, window ?? null, softcap ?? null);
}
