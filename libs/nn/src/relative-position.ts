import { full, ops, tensor, type Tensor } from '@tunesmith/tensor';

/** Which distances between tokens share one learned number (T5: arXiv 1910.10683, section 2.1). */
export interface RelativePositionSettings {
  readonly buckets: number;
  /** From here on all distances share one bucket. */
  readonly maxDistance: number;
  /** Encoders see both ways, and half of the buckets are for what follows; decoders see themselves and what came before. */
  readonly bidirectional: boolean;
}

/**
 * The bucket of a key `offset` places after (negative: before) the query. Small distances have one bucket each, larger ones share buckets on a
 * logarithmic scale. Rounded to float32 at each step, as in transformers' `modeling_t5.py`: at a bucket's edge a digit decides.
 */
export function relativePositionBucket(offset: number, { buckets, maxDistance, bidirectional }: RelativePositionSettings): number {
  const count = bidirectional ? Math.floor(buckets / 2) : buckets;
  const first = bidirectional && offset > 0 ? count : 0;
  const distance = bidirectional ? Math.abs(offset) : Math.max(0, -offset);
  const exact = Math.floor(count / 2);
  if (distance < exact) return first + distance;
  const share = Math.fround(Math.fround(Math.log(Math.fround(distance / exact))) / Math.fround(Math.log(maxDistance / exact)));
  return first + Math.min(exact + Math.trunc(Math.fround(share * (count - exact))), count - 1);
}

/**
 * What is added to the scores of one row whose last `length` of `past + length` tokens ask, -Infinity where a decoder's token may not look:
 * table [buckets, heads] -> [heads, length, past + length].
 */
export function relativePositionBias(table: Tensor, settings: RelativePositionSettings, { past = 0, length }: { past?: number; length: number }): Tensor {
  const width = past + length;
  // By offset: from the first key seen by the last query to the last key seen by the first one.
  const buckets = Int32Array.from({ length: width + length - 1 }, (_, place) => relativePositionBucket(place - width + 1, settings));
  const places = new Int32Array(length * width);
  for (let query = 0; query < length; query += 1) places.set(buckets.subarray(length - 1 - query, length - 1 - query + width), query * width);
  const { dtype, device } = table;
  const index = tensor(places, { shape: [length, width], dtype: 'int64', device });
  const bias = ops.contiguous(ops.permute(ops.embedding(table, index), [2, 0, 1])); // [heads, length, width]
  if (settings.bidirectional || length === 1) return bias;
  return ops.add(bias, ops.triu(full([length, width], -Infinity, { dtype, device }), past + 1));
}
