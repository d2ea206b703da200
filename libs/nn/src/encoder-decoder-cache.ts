import { TunesmithError } from '@tunesmith/tensor';
import { KeyValueCache, type CacheShape } from './key-value-cache.js';
import { rowLengths } from './pack-tokens.js';
import { RowSlots } from './row-slots.js';

/**
 * The cache of an encoder-decoder: of every layer of the decoder the keys and values of the rows so far, which grow, and those of the sources,
 * which the first batch brings and later batches look at again.
 */
export class EncoderDecoderCache extends KeyValueCache {
  readonly #target: RowSlots[];
  readonly #source: RowSlots[];
  #sourceLengths: readonly number[] = [];

  constructor({ layers, keyValueHeads, headDim }: CacheShape) {
    // The base class counts the rows; its layers are for families whose attention it does itself.
    super({ layers: 0, keyValueHeads, headDim });
    this.#target = Array.from({ length: layers }, () => new RowSlots());
    this.#source = Array.from({ length: layers }, () => new RowSlots());
  }

  /** Tokens of each row's source; empty before the first batch. */
  get sourceLengths(): readonly number[] {
    return this.#sourceLengths;
  }

  /** What layer `index` of the decoder remembers. */
  memory(index: number): LayerMemory {
    const [target, source] = [this.#target[index], this.#source[index]];
    if (!target || !source) throw new RangeError(`EncoderDecoderCache: no layer ${index}, there are ${this.#target.length}`);
    return { target, source };
  }

  /** As `advance`, for the first batch: with the boundaries of its source. */
  begin(boundaries: readonly number[], sourceBoundaries: readonly number[]): void {
    this.#sourceLengths = rowLengths(sourceBoundaries);
    this.advance(boundaries);
  }

  override keepRows(rows: readonly number[]): void {
    super.keepRows(rows);
    for (const slots of [...this.#target, ...this.#source]) slots.keepRows(rows);
    this.#sourceLengths = rows.map((row) => this.#sourceLengths[row] ?? 0);
  }

  /** Refused: what is remembered of the sources belongs to one batch. Decode the rows that wait by themselves. */
  override join(): never {
    throw new TunesmithError({ message: 'EncoderDecoderCache: rows cannot join those of another batch. Decode them with a cache of their own.', code: 'cache-rows' });
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    for (const slots of [...this.#target, ...this.#source]) slots[Symbol.dispose]();
    this.#sourceLengths = [];
  }
}

/** One layer's part: keys and values of the rows so far, and of their sources. */
export interface LayerMemory {
  readonly target: RowSlots;
  readonly source: RowSlots;
}
