/** How many tokens two rows begin with alike, at most `most`. */
export function sharedLength(one: readonly number[], other: readonly number[], most = Infinity): number {
  const end = Math.min(one.length, other.length, most);
  let length = 0;
  while (length < end && one[length] === other[length]) length += 1;
  return length;
}

/** A row that is read, and of which a runtime holds what it read last. */
export interface HeldRow {
  readonly tokenIds: readonly number[];
  /** How many of them are read before the first place that something is asked of: these need not be read again where they were read already. The last token always is. */
  readonly unasked: number;
}

/** The row of which `asked` asks so much at each place. */
export function rowOf(tokenIds: readonly number[], asked: readonly (readonly number[])[]): HeldRow {
  const first = asked.findIndex((tokens, place) => place > 0 && tokens.length > 0);
  return { tokenIds, unasked: Math.max(0, (first < 0 ? tokenIds.length : first) - 1) };
}

/**
 * What is read of a row is read in pieces that depend on the row alone, because the last bits of a product depend on how many tokens go through it together, and
 * a runtime that rounds its inputs to 8 bits makes tenths of a nat of them: whole pieces, what is left before the first place that something is asked of, the rest.
 */
const pieceTokens = 64;

/** How many tokens of a row need not be read again, as they were read in the same pieces. */
export function keptOf(held: HeldRow | undefined, { tokenIds, unasked }: HeldRow): number {
  if (!held) return 0;
  const shared = sharedLength(held.tokenIds, tokenIds, unasked);
  if (shared === unasked && held.unasked === unasked) return unasked;
  return wholePieces(Math.min(shared, held.unasked));
}

/** Where the pieces of a row begin and end, from what is kept on. */
export function piecesOf({ tokenIds, unasked }: HeldRow, kept: number): [start: number, end: number][] {
  const ends = [...new Set([...Array.from({ length: wholePieces(unasked) / pieceTokens }, (_, piece) => (piece + 1) * pieceTokens), unasked, tokenIds.length])];
  return ends.filter((end) => end > kept).map((end, place, left) => [left[place - 1] ?? kept, end]);
}

function wholePieces(tokens: number): number {
  return tokens - (tokens % pieceTokens);
}

/** Brings rows that begin alike together: by their tokens, then by their length. */
export function compareRows(one: readonly number[], other: readonly number[]): number {
  const place = sharedLength(one, other);
  return (one[place] ?? -1) - (other[place] ?? -1);
}
