import { ops, type Tensor } from '@tunesmith/tensor';
import { rowLengths } from './pack-tokens.js';

export interface RowAttentionOptions {
  /** Where the rows of the queries begin and end; see PackedTokens. */
  readonly boundaries: readonly number[];
  /** Where the rows of keys and values do; absent: where the queries' do. Row `r` of the queries looks at row `r` of these. */
  readonly keyBoundaries?: readonly number[];
  /** Added to the scores of each row, [heads, queries, keys]: learned numbers, and -Infinity for what may not be seen. Absent: nothing. */
  readonly biases?: readonly Tensor[];
}

/**
 * Attention of each row over one row of keys, in both directions unless a bias closes one, with scores as they are: neither scaled nor capped.
 * query [tokens, heads, headDim]; key, value [keyTokens, heads, headDim]; -> [tokens, heads, headDim]. Row by row in plain products, so
 * nothing is padded and every gradient, that of the biases too, is a plain one.
 */
export function rowAttention(query: Tensor, key: Tensor, value: Tensor, { boundaries, keyBoundaries = boundaries, biases }: RowAttentionOptions): Tensor {
  const keyLengths = rowLengths(keyBoundaries);
  const keys = ops.splitWithSizes(key, keyLengths, 0);
  const values = ops.splitWithSizes(value, keyLengths, 0);
  const rows = ops.splitWithSizes(query, rowLengths(boundaries), 0).map((rowQuery, row) => {
    const [rowKey, rowValue] = [keys[row], values[row]];
    if (!rowKey || !rowValue) throw new RangeError(`no keys for row ${row}`);
    const q = ops.transpose(rowQuery, 0, 1); // [heads, queries, headDim]
    const k = ops.permute(rowKey, [1, 2, 0]); // [heads, headDim, keys]
    const bias = biases?.[row];
    const scores = bias ? ops.baddbmm(bias, q, k) : ops.bmm(q, k); // [heads, queries, keys]
    return ops.transpose(ops.bmm(ops.softmax(scores, -1), ops.transpose(rowValue, 0, 1)), 0, 1); // [queries, heads, headDim]
  });
  return ops.cat(rows, 0);
}
