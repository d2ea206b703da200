import { keep, noGrad, ops, TunesmithError, type Tensor } from '@tunesmith/tensor';
import { attendWithin, type AttentionOptions } from './attention.js';
import { KeyValueCache, type CacheLayer } from './key-value-cache.js';
import { rowLengths } from './pack-tokens.js';

/** A row of an earlier pass, whose tokens come before those of another row. */
export interface Stretch {
  readonly memory: BranchMemory;
  readonly row: number;
}

/** The keys and values of the packed rows of one pass, in all layers, kept beyond every scope for rows that continue them. */
export class BranchMemory implements Disposable {
  readonly #layers: [keys: Tensor, values: Tensor][] = [];
  #boundaries: readonly number[] = [];

  /** Called by the layers of the pass. key, value [tokens, keyValueHeads, headDim] */
  remember(layer: number, key: Tensor, value: Tensor, boundaries: readonly number[]): void {
    this.#boundaries = boundaries;
    // Copies: they may be views of a joined product, of which they would keep the rest too.
    this.#layers[layer] = [keep(ops.clone(key)), keep(ops.clone(value))];
  }

  lengthOf(row: number): number {
    return rowLengths(this.#boundaries)[row] ?? 0;
  }

  /** [tokens of all rows, keyValueHeads, headDim] each */
  heldIn(layer: number): [keys: Tensor, values: Tensor] {
    const held = this.#layers[layer];
    if (!held) throw new TunesmithError({ message: `BranchMemory: it holds nothing of layer ${layer}, or was disposed of.`, code: 'cache-empty', facts: { layer } });
    return held;
  }

  /** Where a row stands among the tokens that are held. */
  placeOf(row: number): { readonly start: number; readonly length: number } {
    return { start: this.#boundaries[row] ?? 0, length: this.lengthOf(row) };
  }

  [Symbol.dispose](): void {
    for (const layer of this.#layers) for (const held of layer) held.dispose();
    this.#layers.length = 0;
  }
}

/**
 * The cache of one pass over rows that branch off others: each row continues the stretches given for it, and many rows may continue the
 * same one, which was computed once.
 *
 *     stretch   a b c d e          row 0   [a b c d e] f g
 *                                  row 1   [a b c d e] h i j
 *
 * Positions are the caller's: `packTokens` with `starts` of `lengths`. With a `memory`, the rows of this pass can be continued too.
 */
export class BranchCache extends KeyValueCache {
  readonly #layers = new Map<number, CacheLayer>();
  readonly #lengths: readonly number[];

  constructor(
    private readonly pasts: readonly (readonly Stretch[])[],
    private readonly memory?: BranchMemory,
  ) {
    // The base class counts rows that grow in slots; these do not.
    super({ layers: 0, keyValueHeads: 0, headDim: 0 });
    this.#lengths = pasts.map((stretches) => stretches.reduce((sum, { memory: earlier, row }) => sum + earlier.lengthOf(row), 0));
  }

  /** Tokens before each row. */
  override get lengths(): readonly number[] {
    return this.#lengths;
  }

  override get rows(): number {
    return this.pasts.length;
  }

  override layer(index: number): CacheLayer {
    const known = this.#layers.get(index) ?? new BranchLayer(index, this.pasts, this.#lengths, this.memory);
    this.#layers.set(index, known);
    return known;
  }

  override advance(boundaries: readonly number[]): void {
    if (boundaries.length - 1 !== this.rows) {
      throw new TunesmithError({ message: `BranchCache: it was made for ${this.rows} rows, the batch has ${boundaries.length - 1}.`, code: 'cache-rows', facts: { held: this.rows, given: boundaries.length - 1 } });
    }
  }
}

class BranchLayer implements CacheLayer {
  constructor(
    private readonly index: number,
    private readonly pasts: readonly (readonly Stretch[])[],
    private readonly lengths: readonly number[],
    private readonly memory: BranchMemory | undefined,
  ) {}

  attend(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
    return noGrad(() => {
      this.memory?.remember(this.index, key, value, options.boundaries);
      if (this.lengths.every((length) => length === 0)) return attendWithin(query, key, value, options);
      return this.#continue(query, key, value, options);
    });
  }

  #continue(query: Tensor, key: Tensor, value: Tensor, { boundaries, scale, window, softcap }: AttentionOptions): Tensor {
    const memories = [...new Set(this.pasts.flat().map(({ memory }) => memory))];
    const held = memories.map((memory) => memory.heldIn(this.index));
    const stretches = this.pasts.map((past) => past.flatMap(({ memory, row }) => [memories.indexOf(memory), memory.placeOf(row).start, memory.placeOf(row).length]));
    let end = 0;
    const ends = stretches.map((own) => (end += own.length / 3));
    return ops.continuedAttention(query, key, value, boundaries, held.map(([keys]) => keys), held.map(([, values]) => values), stretches.flat(), ends, scale, window ?? null, softcap ?? null);
  }
}
