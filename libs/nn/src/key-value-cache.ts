import { defaultDevice, empty, keep, noGrad, ops, scope, TunesmithError, zeros, type Tensor } from '@tunesmith/tensor';
import { attendWithin, type AttentionOptions } from './attention.js';
import type { Stretch } from './branch-cache.js';
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
 *     row 0   a b c d e . . .        Each row has a place, a line of slots, of its own. One that is dropped leaves its place free,
 *     row 1   p q r s t u v .        which costs nothing, and one that joins takes a free place: nobody else is moved.
 *     slot    0 1 2 3 4 5 6 7
 */
export class KeyValueCache {
  readonly #layers: SlotLayer[];
  #lengths: readonly number[] = [];
  #places: readonly number[] = [];

  constructor(shape: CacheShape) {
    this.#layers = Array.from({ length: shape.layers }, () => new SlotLayer(shape, this));
  }

  /** Tokens held of each row; empty before the first batch. */
  get lengths(): readonly number[] {
    return this.#lengths;
  }

  /** Where each row stands among the lines of slots. */
  get places(): readonly number[] {
    return this.#places;
  }

  get rows(): number {
    return this.#lengths.length;
  }

  layer(index: number): CacheLayer {
    return this.#layer(index);
  }

  /**
   * The batch that continues row `r` by the tokens `rows[r]`, with the right positions. Tensors belong to the caller's scope.
   * `sources`: what an encoder-decoder reads, with the first batch only; the cache remembers what was made of them.
   */
  nextBatch(rows: readonly (readonly number[])[], device = defaultDevice(), sources?: readonly (readonly number[])[]): PackedTokens {
    this.#expectRows(rows.length);
    return packTokens(rows, { starts: this.#lengths, device, ...(sources && { sources }) });
  }

  /** Called by a model once all its layers have seen the batch. */
  advance(boundaries: readonly number[]): void {
    const added = rowLengths(boundaries);
    this.#expectRows(added.length);
    if (this.rows === 0) this.#places = added.map((_, row) => row);
    this.#lengths = added.map((count, row) => count + (this.#lengths[row] ?? 0));
  }

  /** Begins an empty cache with `count` rows, each holding the tokens of a row of an earlier pass. */
  beginAfter({ memory, row }: Stretch, count: number): void {
    const { start, length } = memory.placeOf(row);
    this.#layers.forEach((layer, index) => layer.fill(memory.heldIn(index), { start, length }, count));
    this.#places = Array.from({ length: count }, (_, place) => place);
    this.#lengths = this.#places.map(() => length);
  }

  /** Forgets all rows but these, in this order; those that are finished cost nothing more. */
  keepRows(rows: readonly number[]): void {
    const kept = rows.map((row) => {
      const [length, place] = [this.#lengths[row], this.#places[row]];
      if (length === undefined || place === undefined) throw new RangeError(`KeyValueCache.keepRows: no row ${row}, there are ${this.rows}`);
      return { length, place };
    });
    this.#lengths = kept.map(({ length }) => length);
    this.#places = kept.map(({ place }) => place);
  }

  /** Copies the rows of another cache of the same model behind its own, into places that are free. */
  join(other: KeyValueCache): void {
    const taken = new Set(this.#places);
    const free: number[] = [];
    for (let place = 0; free.length < other.rows; place += 1) if (!taken.has(place)) free.push(place);
    this.#layers.forEach((layer, index) => layer.copyRows(other.#layer(index), free));
    this.#places = [...this.#places, ...free];
    this.#lengths = [...this.#lengths, ...other.lengths];
  }

  [Symbol.dispose](): void {
    for (const layer of this.#layers) layer[Symbol.dispose]();
    this.#lengths = [];
    this.#places = [];
  }

  #layer(index: number): SlotLayer {
    const layer = this.#layers[index];
    if (!layer) throw new RangeError(`KeyValueCache: no layer ${index}, there are ${this.#layers.length}`);
    return layer;
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

/** One layer's part of a cache, as attention sees it. */
export interface CacheLayer {
  /** Attention of a batch that continues the rows; remembers its keys and values. Shapes as `packedAttention`. */
  attend(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor;
}

/** One layer's lines of slots. */
class SlotLayer implements CacheLayer {
  /** [places, keyValueHeads, capacity, headDim]; memory as it came behind the slots that a row has filled. */
  #keys: Tensor | null = null;
  #values: Tensor | null = null;
  #places = 0;
  #capacity = 0;

  constructor(
    private readonly shape: CacheShape,
    private readonly cache: KeyValueCache,
  ) {}

  attend(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
    const added = rowLengths(options.boundaries);
    const { lengths, places } = this.cache;
    if (lengths.length === 0) {
      this.#makeRoom(added.length, Math.max(...added), key);
      this.#write(key, value, added, { places: added.map((_, row) => row), starts: added.map(() => 0) });
      return attendWithin(query, key, value, options);
    }
    this.#makeRoom(Math.max(...places) + 1, Math.max(...added.map((count, row) => count + (lengths[row] ?? 0))), key);
    const { scale, window = null, softcap = null } = options;
    if (added.every((count) => count === 1)) {
      const [keys, values] = this.#held();
      return noGrad(() => ops.decodeAttention(query, key, value, keys, values, places, lengths, scale, window, softcap));
    }
    this.#write(key, value, added, { places, starts: lengths });
    return this.#continue(query, key, value, options);
  }

  /** Takes over what another layer holds of its cache's rows: row `r` goes to `places[r]`. */
  copyRows(other: SlotLayer, places: readonly number[]): void {
    const { lengths } = other.cache;
    const theirs = other.#held();
    this.#makeRoom(Math.max(...places) + 1, Math.max(...lengths), theirs[0]);
    scope(() =>
      noGrad(() =>
        this.#held().forEach((held, which) => {
          const from = theirs[which] ?? held;
          lengths.forEach((length, row) => ops.copyInPlace(slotsOf(held, places[row] ?? 0, 0, length), slotsOf(from, other.cache.places[row] ?? 0, 0, length)));
        }),
      ),
    );
  }

  /** Some tokens of keys and values [tokens, keyValueHeads, headDim] into the first slots of so many places. */
  fill(source: readonly [keys: Tensor, values: Tensor], { start, length }: { start: number; length: number }, places: number): void {
    this.#makeRoom(places, length, source[0]);
    scope(() =>
      noGrad(() =>
        this.#held().forEach((held, which) => {
          const rows = ops.transpose(ops.narrow(source[which]!, 0, start, length), 0, 1); // [keyValueHeads, length, headDim]
          for (let place = 0; place < places; place += 1) ops.copyInPlace(slotsOf(held, place, 0, length), rows);
        }),
      ),
    );
  }

  [Symbol.dispose](): void {
    this.#keys?.dispose();
    this.#values?.dispose();
    this.#keys = this.#values = null;
    this.#places = this.#capacity = 0;
  }

  /** Several tokens for some row, each after what is held of it. */
  #continue(query: Tensor, key: Tensor, value: Tensor, { boundaries, scale, window = null, softcap = null }: AttentionOptions): Tensor {
    const { lengths, places } = this.cache;
    const [keys, values] = this.#held();
    const past = (held: Tensor) => lengths.map((length, row) => ops.transpose(slotsOf(held, places[row] ?? 0, 0, length), 0, 1)); // [past, keyValueHeads, headDim]
    const stretches = lengths.flatMap((length, row) => [row, 0, length]);
    return noGrad(() => ops.continuedAttention(query, key, value, boundaries, past(keys), past(values), stretches, lengths.map((_, row) => row + 1), scale, window, softcap));
  }

  /** Puts the tokens of packed rows [tokens, keyValueHeads, headDim] into their slots. */
  #write(key: Tensor, value: Tensor, added: readonly number[], { places, starts }: { places: readonly number[]; starts: readonly number[] }): void {
    const [keys, values] = this.#held();
    const put = (held: Tensor, fresh: Tensor) =>
      ops.splitWithSizes(fresh, added, 0).forEach((rows, row) => ops.copyInPlace(slotsOf(held, places[row] ?? 0, starts[row] ?? 0, added[row] ?? 0), ops.transpose(rows, 0, 1)));
    scope(() =>
      noGrad(() => {
        put(keys, key);
        put(values, value);
      }),
    );
  }

  /** Room for so many places of so many slots; what is held stays. `like`: a tensor of the right dtype and device. */
  #makeRoom(places: number, slots: number, like: Tensor): void {
    if (this.#keys && places <= this.#places && slots <= this.#capacity) return;
    const [wide, long] = [Math.max(places, this.#places), slots <= this.#capacity ? this.#capacity : roomFor(slots)];
    const { keyValueHeads, headDim } = this.shape;
    const [keys, values] = scope(() =>
      noGrad(() =>
        [this.#keys, this.#values].map((held) => {
          // Elsewhere than in our kernel, slots that a row has not filled enter a product with weight 0, and nothing times NaN is NaN.
          const larger = (like.device === 'cpu' ? empty : zeros)([wide, keyValueHeads, long, headDim], { dtype: like.dtype, device: like.device });
          if (held) ops.copyInPlace(ops.narrow(ops.narrow(larger, 0, 0, this.#places), 2, 0, this.#capacity), held);
          return larger;
        }),
      ),
    );
    if (!keys || !values) throw new TypeError('expected keys and values');
    this.#keys?.dispose();
    this.#values?.dispose();
    this.#keys = keep(keys);
    this.#values = keep(values);
    this.#places = wide;
    this.#capacity = long;
  }

  #held(): [Tensor, Tensor] {
    if (!this.#keys || !this.#values) throw new TunesmithError({ message: 'KeyValueCache: this layer holds nothing yet, or was disposed of.', code: 'cache-empty' });
    return [this.#keys, this.#values];
  }
}

/** Some slots of one place: a view [keyValueHeads, count, headDim]. */
function slotsOf(held: Tensor, place: number, start: number, count: number): Tensor {
  return ops.narrow(ops.select(held, 0, place), 1, start, count);
}

/** Slots for what is there and as much again, so that growing stays rare. */
function roomFor(tokens: number): number {
  return tokens + Math.max(64, tokens);
}
