import { isObject, type JsonObject } from './json.js';

const { imul } = Math;

/** Numbers of one merge in the table: its two tokens, its rank, what it makes. */
const slotWords = 4;
const free = -1;

/** Longer pieces are left to an algorithm that is not quadratic. */
const longestPiece = 64;

/**
 * Merges the characters of short pieces into tokens by the ranks of a BPE model (Sennrich et al. 2016): the pair of the lowest rank first, the leftmost
 * of equal ones. Merges are looked up by token ids in one table of integers; a library's maps of texts take ten times as long.
 */
export class BytePairMerger {
  private readonly table: Int32Array;
  private readonly mask: number;
  private readonly symbols = new Int32Array(longestPiece);
  private readonly ranks = new Int32Array(longestPiece);
  private readonly made = new Int32Array(longestPiece);

  private constructor(
    private readonly vocabulary: ReadonlyMap<string, number>,
    merges: readonly (readonly [string, string])[],
  ) {
    const slots = 2 ** Math.ceil(Math.log2(2 * merges.length + 2));
    this.mask = slots - 1;
    this.table = new Int32Array(slots * slotWords).fill(free);
    for (const [rank, [left, right]] of merges.entries()) {
      const [one, other, both] = [vocabulary.get(left), vocabulary.get(right), vocabulary.get(left + right)];
      // Such a merge can never be reached, or has nothing to make.
      if (one === undefined || other === undefined || both === undefined) continue;
      const at = this.find(one, other);
      if (this.table[at] !== free) continue;
      this.table.set([one, other, rank, both], at);
    }
  }

  /** Of the `model` of a tokenizer.json; undefined where it is no BPE, or one with suffixes. */
  static of(model: JsonObject, vocabulary: ReadonlyMap<string, number>): BytePairMerger | undefined {
    const { type, merges, end_of_word_suffix: suffix, continuing_subword_prefix: prefix } = model;
    if (type !== 'BPE' || !Array.isArray(merges) || !isObject(model.vocab) || suffix || prefix) return undefined;
    return new BytePairMerger(vocabulary, merges.map((merge: unknown) => (Array.isArray(merge) ? (merge as [string, string]) : (String(merge).split(' ', 2) as [string, string]))));
  }

  /** The token ids of a piece, written as the vocabulary writes; undefined where it is long, or holds a character that is no token. */
  merge(piece: string): number[] | undefined {
    if (piece.length > longestPiece) return undefined;
    const { symbols, ranks, made, vocabulary } = this;
    let count = 0;
    for (const character of piece) {
      const id = vocabulary.get(character);
      if (id === undefined) return undefined;
      symbols[count] = id;
      count += 1;
    }
    for (let place = 0; place + 1 < count; place += 1) this.look(place);
    while (count > 1) {
      let best = -1;
      let lowest = 0x7fffffff;
      for (let place = 0; place + 1 < count; place += 1) {
        const rank = ranks[place]!;
        if (rank < lowest) {
          lowest = rank;
          best = place;
        }
      }
      if (best < 0) break;
      symbols[best] = made[best]!;
      count -= 1;
      for (let place = best + 1; place < count; place += 1) {
        symbols[place] = symbols[place + 1]!;
        ranks[place] = ranks[place + 1]!;
        made[place] = made[place + 1]!;
      }
      if (best > 0) this.look(best - 1);
      if (best + 1 < count) this.look(best);
    }
    return Array.from(symbols.subarray(0, count));
  }

  /** Notes what the symbol at a place and the next one would make. */
  private look(place: number): void {
    const at = this.find(this.symbols[place]!, this.symbols[place + 1]!);
    const known = this.table[at] !== free;
    this.ranks[place] = known ? this.table[at + 2]! : 0x7fffffff;
    this.made[place] = this.table[at + 3]!;
  }

  /** Where a pair stands, or would stand. */
  private find(left: number, right: number): number {
    const { table, mask } = this;
    let hash = imul(left, 0x9e3779b1) ^ imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = slot * slotWords;
      const held = table[at]!;
      if (held === free || (held === left && table[at + 1] === right)) return at;
    }
  }
}
