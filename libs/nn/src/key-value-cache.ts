import { keep, noGrad, ops, scope, tensor, TunesmithError, zeros, type Tensor } from '@tunesmith/tensor';
import { attendBatch, attendRow, attendWithin, type AttentionOptions } from './attention.js';
import { packTokens, rowLengths } from './pack-tokens.js';
import type { PackedTokens } from './packed-tokens.js';

export interface CacheShape {
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

/**
 * The keys and values of rows that grow at their own pace. The first batch given with the cache sets its rows; every later batch
 * continues all of them, in the same order, by at least one token each. For inference: nothing is differentiated through it.
 *
 *     row 0   . . . a b c d e        Rows end at the same slot, so the next token of every row
 *     row 1   . p q r s t u v        is written by one copy, and what lies before a row is masked.
 *     slot    0 1 2 3 4 5 6 7
 */
export class KeyValueCache {
  readonly #layers: CacheLayer[];
  #lengths: readonly number[] = [];

  constructor(shape: CacheShape) {
    this.#layers = Array.from({ length: shape.layers }, () => new CacheLayer(shape, this));
  }

  /** Tokens held of each row; empty before the first batch. */
  get lengths(): readonly number[] {
    return this.#lengths;
  }

  get rows(): number {
    return this.#lengths.length;
  }

  layer(index: number): CacheLayer {
    const layer = this.#layers[index];
    if (!layer) throw new RangeError(`KeyValueCache: no layer ${index}, there are ${this.#layers.length}`);
    return layer;
  }

  /**
   * The batch that continues row `r` by the tokens `rows[r]`, with the right positions. Tensors belong to the caller's scope.
   * `sources`: what an encoder-decoder reads, with the first batch only; the cache remembers what was made of them.
   */
  nextBatch(rows: readonly (readonly number[])[], device = 'cpu', sources?: readonly (readonly number[])[]): PackedTokens {
    this.#expectRows(rows.length);
    return packTokens(rows, { starts: this.#lengths, device, ...(sources && { sources }) });
  }

  /** Called by a model once all its layers have seen the batch. */
  advance(boundaries: readonly number[]): void {
    const added = rowLengths(boundaries);
    this.#expectRows(added.length);
    this.#lengths = added.map((count, row) => count + (this.#lengths[row] ?? 0));
  }

  /** Forgets all rows but these, in this order; those that are finished cost nothing more. */
  keepRows(rows: readonly number[]): void {
    const lengths = rows.map((row) => {
      const length = this.#lengths[row];
      if (length === undefined) throw new RangeError(`KeyValueCache.keepRows: no row ${row}, there are ${this.rows}`);
      return length;
    });
    for (const layer of this.#layers) layer.keepRows(rows);
    this.#lengths = lengths;
  }

  [Symbol.dispose](): void {
    for (const layer of this.#layers) layer[Symbol.dispose]();
    this.#lengths = [];
  }

  #expectRows(rows: number): void {
    if (this.rows !== 0 && rows !== this.rows) {
      throw new TunesmithError({
        message: `KeyValueCache: it holds ${this.rows} rows, the batch has ${rows}; continue every row, or drop the finished ones with keepRows.`,
        code: 'cache-rows',
        facts: { held: this.rows, given: rows },
      });
    }
  }
}

/** One layer's part of a cache. */
export class CacheLayer {
  /** [rows, keyValueHeads, capacity, headDim]; slots from #end on are free, those before a row's beginning are zero. */
  #keys: Tensor | null = null;
  #values: Tensor | null = null;
  #capacity = 0;
  /** One past the last used slot, the same in every row. */
  #end = 0;

  constructor(
    private readonly shape: CacheShape,
    private readonly cache: KeyValueCache,
  ) {}

  /** Attention of a batch that continues the rows; remembers its keys and values. Shapes as `packedAttention`. */
  attend(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
    const added = rowLengths(options.boundaries);
    const { lengths } = this.cache;
    if (lengths.length === 0) {
      this.#rebuild(ops.splitWithSizes(key, added, 0), ops.splitWithSizes(value, added, 0), added);
      return attendWithin(query, key, value, options);
    }
    if (added.every((count) => count === 1)) return this.#attendNext(query, key, value, options);
    return this.#attendLonger(query, key, value, added, options);
  }

  keepRows(rows: readonly number[]): void {
    this.#replace(() => {
      const [keys, values] = this.#held();
      const index = tensor([...rows], { dtype: 'int64', device: keys.device });
      return [ops.indexSelect(keys, 0, index), ops.indexSelect(values, 0, index)];
    });
  }

  [Symbol.dispose](): void {
    this.#keys?.dispose();
    this.#values?.dispose();
    this.#keys = this.#values = null;
    this.#capacity = this.#end = 0;
  }

  /** One token for each row: written by one copy, attended by one call. */
  #attendNext(query: Tensor, key: Tensor, value: Tensor, { scale, window, softcap }: AttentionOptions): Tensor {
    const { keyValueHeads, headDim } = this.shape;
    const { lengths } = this.cache;
    const rows = lengths.length;
    if (this.#end === this.#capacity) this.#grow();
    const [keys, values] = this.#held();
    noGrad(() => {
      ops.copyInPlace(ops.narrow(keys, 2, this.#end, 1), ops.view(key, [rows, keyValueHeads, 1, headDim]));
      ops.copyInPlace(ops.narrow(values, 2, this.#end, 1), ops.view(value, [rows, keyValueHeads, 1, headDim]));
    });
    this.#end += 1;

    const begins = lengths.map((length) => Math.max(this.#end - length - 1, window == null ? 0 : this.#end - window));
    const first = Math.min(...begins);
    const width = this.#end - first;
    const mask = begins.every((begin) => begin === first) ? null : this.#beginMask(begins, first, width, query.device);
    // The query heads of a group stand as several queries of its one key head: nothing is repeated.
    const grouped = ops.view(query, [rows, keyValueHeads, -1, headDim]); // [rows, keyValueHeads, group, headDim]
    const attended = attendBatch(grouped, ops.narrow(keys, 2, first, width), ops.narrow(values, 2, first, width), { mask, scale, softcap });
    return ops.reshape(attended, query.shape);
  }

  /** Several tokens for some row: row by row, and the slots are laid out anew. */
  #attendLonger(query: Tensor, key: Tensor, value: Tensor, added: readonly number[], { scale, window, softcap }: AttentionOptions): Tensor {
    const { lengths } = this.cache;
    const [keys, values] = this.#held();
    const whole = (held: Tensor, fresh: Tensor) =>
      ops.splitWithSizes(fresh, added, 0).map((tail, row) => {
        const length = lengths[row] ?? 0;
        const past = ops.narrow(ops.select(held, 0, row), 1, this.#end - length, length); // [keyValueHeads, past, headDim]
        return ops.cat([ops.transpose(past, 0, 1), tail], 0); // [past + added, keyValueHeads, headDim]
      });
    const wholeKeys = whole(keys, key);
    const wholeValues = whole(values, value);
    const queries = ops.splitWithSizes(query, added, 0);
    const attended = queries.map((q, row) => {
      const [k, v] = [wholeKeys[row], wholeValues[row]];
      if (!k || !v) throw new RangeError(`no row ${row}`);
      return attendRow(q, k, v, { past: lengths[row] ?? 0, length: added[row] ?? 0, scale, window, softcap });
    });
    this.#rebuild(wholeKeys, wholeValues, added.map((count, row) => count + (lengths[row] ?? 0)));
    return ops.cat(attended, 0);
  }

  /** Lays whole rows [length, keyValueHeads, headDim] out so that they end together, with room for as many tokens again. */
  #rebuild(keys: readonly Tensor[], values: readonly Tensor[], lengths: readonly number[]): void {
    const end = Math.max(...lengths);
    const capacity = roomFor(end);
    this.#replace(() => [this.#layOut(keys, lengths, end, capacity), this.#layOut(values, lengths, end, capacity)]);
    this.#end = end;
    this.#capacity = capacity;
  }

  #layOut(rows: readonly Tensor[], lengths: readonly number[], end: number, capacity: number): Tensor {
    const { keyValueHeads, headDim } = this.shape;
    const first = rows[0];
    // Zeros, not empty memory: what is masked still enters a product, and nothing times NaN is NaN.
    const slots = zeros([rows.length, keyValueHeads, capacity, headDim], { dtype: first?.dtype, device: first?.device });
    rows.forEach((row, index) => {
      const length = lengths[index] ?? 0;
      ops.copyInPlace(ops.narrow(ops.select(slots, 0, index), 1, end - length, length), ops.transpose(row, 0, 1));
    });
    return slots;
  }

  #grow(): void {
    const capacity = roomFor(this.#capacity);
    const { keyValueHeads, headDim } = this.shape;
    this.#replace(() =>
      this.#held().map((held) => {
        const larger = zeros([this.cache.rows, keyValueHeads, capacity, headDim], { dtype: held.dtype, device: held.device });
        ops.copyInPlace(ops.narrow(larger, 2, 0, this.#end), ops.narrow(held, 2, 0, this.#end));
        return larger;
      }),
    );
    this.#capacity = capacity;
  }

  /** bool [rows, 1, 1, width]: from where on each row holds something. */
  #beginMask(begins: readonly number[], first: number, width: number, device: string): Tensor {
    const mask = new Uint8Array(begins.length * width);
    begins.forEach((begin, row) => mask.fill(1, row * width + begin - first, (row + 1) * width));
    return tensor(mask, { shape: [begins.length, 1, 1, width], dtype: 'bool', device });
  }

  /** Puts new tensors, which outlive every scope, in the place of the old ones. */
  #replace(make: () => Tensor[]): void {
    const [keys, values] = scope(() => noGrad(make));
    if (!keys || !values) throw new TypeError('expected keys and values');
    this.#keys?.dispose();
    this.#values?.dispose();
    this.#keys = keep(keys);
    this.#values = keep(values);
  }

  #held(): [Tensor, Tensor] {
    if (!this.#keys || !this.#values) throw new TunesmithError({ message: 'KeyValueCache: this layer holds nothing yet, or was disposed of.', code: 'cache-empty' });
    return [this.#keys, this.#values];
  }
}

function roomFor(tokens: number): number {
  return tokens + Math.max(64, tokens);
}
