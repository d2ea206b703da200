import { EditDistance } from './edit-distance.js';

/** Which of the source's tokens belong to each of the pivot's: the range from `first` to `last`, both included. */
export interface TokenAlignment {
  readonly first: Int32Array; // [pivot tokens]
  readonly last: Int32Array; // [pivot tokens]
  /** The sum of edit distances along the path. */
  readonly cost: number;
}

/**
 * Of equally cheap ways back from a pair of tokens: one back in both is always the first choice; then `source` (FuseLLM) or `pivot` (FuseChat) says
 * which of the two is stepped back alone.
 */
export type TieOrder = 'source-first' | 'pivot-first';

const [both, sourceBack, pivotBack] = [0, 1, 2];

/**
 * Aligns two tokenizations of one text by dynamic time warping with the edit distance of tokens as cost (FuseLLM, arXiv 2401.10491, section 3.2;
 * its published `dtw`): every token has a partner, the order is kept, the sum of costs is least. Exact: the whole table, no band. What is
 * equal is measured once, and the path is kept as one byte for each pair.
 */
export class TokenAligner {
  private readonly distance = new EditDistance();
  private moves = new Uint8Array(0);

  constructor(private readonly ties: TieOrder) {}

  /** @param pivot and `source` the tokens' surfaces; at least one each. */
  align(pivot: readonly Uint8Array[], source: readonly Uint8Array[]): TokenAlignment {
    const { costs, rows, columns, width } = this.costsOf(pivot, source);
    const [height, length] = [pivot.length, source.length];
    if (this.moves.length < height * length) this.moves = new Uint8Array(height * length);
    const { moves } = this;
    const pivotFirst = this.ties === 'pivot-first';
    let above = new Int32Array(length);
    let current = new Int32Array(length);
    for (let i = 0; i < height; i += 1) {
      const row = rows[i]! * width;
      const base = i * length;
      for (let j = 0; j < length; j += 1) {
        let least: number;
        let move: number;
        if (i === 0 || j === 0) {
          move = i === 0 ? sourceBack : pivotBack;
          least = i === 0 ? (j === 0 ? 0 : current[j - 1]!) : above[j]!;
        } else {
          least = above[j - 1]!;
          move = both;
          const back = current[j - 1]!;
          const up = above[j]!;
          // One back in both yields only to what is cheaper; of the other two, the preferred one to nothing that is as cheap.
          if (up < least) {
            least = up;
            move = pivotBack;
          }
          if (back < least || (!pivotFirst && move === pivotBack && back === least)) {
            least = back;
            move = sourceBack;
          }
        }
        current[j] = least + costs[row + columns[j]!]!;
        moves[base + j] = move;
      }
      [above, current] = [current, above];
    }
    return { ...this.walkBack(height, length), cost: above[length - 1]! };
  }

  private walkBack(height: number, length: number): Omit<TokenAlignment, 'cost'> {
    const first = new Int32Array(height);
    const last = new Int32Array(height).fill(-1);
    for (let [i, j] = [height - 1, length - 1]; ; ) {
      first[i] = j;
      if (last[i] === -1) last[i] = j;
      if (i === 0 && j === 0) return { first, last };
      const move = this.moves[i * length + j]!;
      if (move !== sourceBack) i -= 1;
      if (move !== pivotBack) j -= 1;
    }
  }

  /** Edit distances of the different surfaces, [pivot's, width of the source's], and which row and column each token has. */
  private costsOf(pivot: readonly Uint8Array[], source: readonly Uint8Array[]): { costs: Uint16Array; rows: Int32Array; columns: Int32Array; width: number } {
    const [ofPivot, ofSource] = [distinct(pivot), distinct(source)];
    const starts = [0];
    for (const surface of ofSource.surfaces) starts.push(starts.at(-1)! + surface.length);
    const texts = new Uint8Array(starts.at(-1)!);
    for (const [number, surface] of ofSource.surfaces.entries()) texts.set(surface, starts[number]);
    const width = ofSource.surfaces.length;
    const costs = new Uint16Array(ofPivot.surfaces.length * width);
    for (const [number, surface] of ofPivot.surfaces.entries()) {
      this.distance.from(surface);
      for (let column = 0; column < width; column += 1) costs[number * width + column] = this.distance.to(texts, starts[column], starts[column + 1]);
    }
    return { costs, rows: ofPivot.numbers, columns: ofSource.numbers, width };
  }
}

/** The different ones, by identity: surfaces of one vocabulary are the same object for the same token. */
function distinct(surfaces: readonly Uint8Array[]): { surfaces: Uint8Array[]; numbers: Int32Array } {
  const numberOf = new Map<Uint8Array, number>();
  const numbers = Int32Array.from(surfaces, (surface) => {
    const known = numberOf.get(surface);
    if (known === undefined) numberOf.set(surface, numberOf.size);
    return known ?? numberOf.size - 1;
  });
  return { surfaces: [...numberOf.keys()], numbers };
}
