import { ops, tensor, type Tensor } from '@tunesmith/tensor';
import type { CacheLayer } from './key-value-cache.js';
import { rowLengths } from './pack-tokens.js';

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

/** Attention without a cache, nothing padded: by our kernel on the CPU, row by row elsewhere. */
export function attendWithin(query: Tensor, key: Tensor, value: Tensor, { boundaries, scale, window, softcap }: AttentionOptions): Tensor {
  if (query.device === 'cpu') return ops.packedAttention(query, key, value, boundaries, scale, window ?? null, softcap ?? null);
  const lengths = rowLengths(boundaries);
  // Split rather than sliced: its gradient is one concatenation, that of slices a zero-filled copy of everything per slice.
  const queries = ops.splitWithSizes(query, lengths, 0);
  const keys = ops.splitWithSizes(key, lengths, 0);
  const values = ops.splitWithSizes(value, lengths, 0);
  const rows = lengths.map((length, row) => attendRow(at(queries, row), at(keys, row), at(values, row), { past: 0, length, scale, window, softcap }));
  return rows.length === 1 ? at(rows, 0) : ops.cat(rows, 0);
}

/**
 * One row: query [length, heads, headDim] against key, value [past + length, keyValueHeads, headDim]; the queries are the last
 * `length` places. -> [length, heads, headDim]
 */
export function attendRow(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { past, length, scale, window, softcap }: { past: number; length: number; scale: number; window?: number | null; softcap?: number | null },
): Tensor {
  const windowed = window != null && window < past + length;
  const plainCausal = past === 0 && !windowed && softcap == null;
  const mask = plainCausal || (length === 1 && !windowed) ? null : causalMask(past, length, windowed ? window : null, query.device);
  const q = ops.unsqueeze(ops.transpose(query, 0, 1), 0); // [1, heads, length, headDim]
  const k = ops.unsqueeze(ops.transpose(key, 0, 1), 0);
  const v = ops.unsqueeze(ops.transpose(value, 0, 1), 0);
  const attended = attendBatch(q, k, v, { mask, isCausal: plainCausal && length > 1, scale, softcap });
  return ops.transpose(ops.squeeze(attended, 0), 0, 1);
}

/** query [batch, heads, n, headDim], key and value [batch, keyValueHeads, m, headDim], mask bool (true: may see) that broadcasts to [batch, heads, n, m]. */
export function attendBatch(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { mask, isCausal = false, scale, softcap }: { mask: Tensor | null; isCausal?: boolean; scale: number; softcap?: number | null },
): Tensor {
  const grouped = query.shape[1] !== key.shape[1];
  if (softcap == null) return ops.scaledDotProductAttention(query, key, value, mask, 0, isCausal, scale, grouped);
  const repeats = (query.shape[1] ?? 1) / (key.shape[1] ?? 1);
  const k = grouped ? ops.repeatInterleave(key, repeats, 1) : key;
  const v = grouped ? ops.repeatInterleave(value, repeats, 1) : value;
  const scores = ops.mulScalar(ops.tanh(ops.mulScalar(ops.matmul(query, ops.transpose(k, 2, 3)), scale / softcap)), softcap); // [batch, heads, n, m]
  const seen = mask ? ops.maskedFill(scores, ops.logicalNot(mask), -Infinity) : scores;
  return ops.matmul(ops.softmax(seen, -1), v);
}

/** bool [length, past + length]: which places each of the last `length` places of a row may see. */
function causalMask(past: number, length: number, window: number | null, device: string): Tensor {
  const width = past + length;
  const mask = new Uint8Array(length * width);
  for (let row = 0; row < length; row += 1) {
    const end = past + row + 1;
    mask.fill(1, row * width + (window === null ? 0 : Math.max(0, end - window)), row * width + end);
  }
  return tensor(mask, { shape: [length, width], dtype: 'bool', device });
}

function at(tensors: readonly Tensor[], index: number): Tensor {
  const found = tensors[index];
  if (!found) throw new RangeError(`no tensor ${index} among ${tensors.length}`);
  return found;
}
