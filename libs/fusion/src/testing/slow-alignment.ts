import type { TieOrder, TokenAlignment } from '../align-tokens.js';

/**
 * The definition of dynamic time warping with edit distance, written down plainly and apart from the fast one: whole tables, the path found by
 * looking at the accumulated costs.
 */
export function slowAlignment(pivot: readonly Uint8Array[], source: readonly Uint8Array[], ties: TieOrder): TokenAlignment & { partners: number[][] } {
  const at = (table: readonly number[][], i: number, j: number): number => (i < 0 || j < 0 ? Infinity : table[i]![j]!);
  const measured = new Map<string, number>(); // texts are long enough for this to tell
  const distance = (one: Uint8Array, other: Uint8Array): number => {
    const key = `${one.join()} ${other.join()}`;
    if (!measured.has(key)) measured.set(key, slowEditDistance(one, other));
    return measured.get(key)!;
  };
  const table: number[][] = [];
  for (const [i, own] of pivot.entries()) {
    table.push([]);
    for (const [j, other] of source.entries()) {
      const before = i === 0 && j === 0 ? 0 : Math.min(at(table, i - 1, j - 1), at(table, i - 1, j), at(table, i, j - 1));
      table[i]!.push(distance(own, other) + before);
    }
  }
  const partners: number[][] = pivot.map(() => []);
  let [i, j] = [pivot.length - 1, source.length - 1];
  for (;;) {
    partners[i]!.unshift(j);
    if (i === 0 && j === 0) break;
    const ways = [{ i: i - 1, j: j - 1 }, ...(ties === 'source-first' ? [{ i, j: j - 1 }, { i: i - 1, j }] : [{ i: i - 1, j }, { i, j: j - 1 }])];
    const least = Math.min(...ways.map((way) => at(table, way.i, way.j)));
    ({ i, j } = ways.find((way) => at(table, way.i, way.j) === least)!);
  }
  return { partners, first: Int32Array.from(partners, (each) => each[0]!), last: Int32Array.from(partners, (each) => each.at(-1)!), cost: table.at(-1)!.at(-1)! };
}

/** By the recursion of its definition, kept in a table. */
export function slowEditDistance(one: Uint8Array, other: Uint8Array): number {
  const table = Array.from({ length: one.length + 1 }, (_, i) => Array.from({ length: other.length + 1 }, (__, j) => i + j));
  for (let i = 1; i <= one.length; i += 1) {
    for (let j = 1; j <= other.length; j += 1) {
      table[i]![j] = Math.min(table[i - 1]![j]! + 1, table[i]![j - 1]! + 1, table[i - 1]![j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1));
    }
  }
  return table[one.length]![other.length]!;
}
