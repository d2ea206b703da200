/** A stretch of tokens that sequences share, and the stretches that follow it in some of them. */
export interface TokenNode {
  /** At least one. */
  readonly tokenIds: readonly number[];
  /** Tokens before it. */
  readonly start: number;
  readonly children: readonly TokenNode[];
}

export interface TokenTree {
  readonly roots: readonly TokenNode[];
  /** For each sequence, in the order given, the nodes that make it up. Equal sequences have the same. */
  readonly paths: readonly (readonly TokenNode[])[];
}

/** A node of its own has to save at least this many tokens: it costs a pass of its own depth. */
const leastSaved = 16;

interface Growing {
  readonly tokenIds: readonly number[];
  readonly start: number;
  readonly children: Growing[];
}

/**
 * Token sequences as a tree, so that what several begin with is computed once:
 *
 *     few-shot examples ──┬── question 1 ──┬── answer a
 *                         │                └── answer b
 *                         └── question 2 ───── …
 *
 * A beginning that saves only a few tokens is not shared, nor are those of sequences longer than `longest`. The tree depends on the set of
 * sequences alone, not on their order. Every sequence has at least one token.
 */
export function tokenTree(sequences: readonly (readonly number[])[], longest = Infinity): TokenTree {
  const order = [...sequences.keys()].sort((one, other) => compare(sequences[one]!, sequences[other]!));
  // Equal ones are neighbours now: the first of them stands for all.
  const firsts = order.filter((index, place) => place === 0 || compare(sequences[index]!, sequences[order[place - 1]!]!) !== 0);
  const sorted = firsts.map((index) => sequences[index]!);
  const paths: Growing[][] = sorted.map(() => []);
  const roots: Growing[] = [];
  grow(0, sorted.length, 0, roots);

  const pathOf = new Map<number, readonly TokenNode[]>();
  let place = -1;
  for (const index of order) {
    if (index === firsts[place + 1]) place += 1;
    pathOf.set(index, paths[place]!);
  }
  return { roots, paths: sequences.map((_, index) => pathOf.get(index)!) };

  /** The sorted sequences from `low` up to `high`, which agree in their first `start` tokens, as nodes among `siblings`. */
  function grow(low: number, high: number, start: number, siblings: Growing[]): void {
    const shared = commonLength(sorted[low]!, sorted[high - 1]!);
    const saved = (shared - start) * (high - low - 1);
    const mayShare = saved >= leastSaved && sorted.slice(low, high).every((sequence) => sequence.length <= longest);
    if (shared > start && (high - low === 1 || mayShare)) {
      const node: Growing = { tokenIds: sorted[low]!.slice(start, shared), start, children: [] };
      siblings.push(node);
      for (let each = low; each < high; each += 1) paths[each]!.push(node);
      split(low, high, shared, node.children, shared);
    } else {
      split(low, high, shared, siblings, start);
    }
  }

  /** Groups by the token at `place`; what ends before it needs nothing more, unless its tokens from `start` on are in no node yet. */
  function split(low: number, high: number, place: number, siblings: Growing[], start: number): void {
    let from = low;
    if (sorted[low]!.length === place) {
      // The shortest comes first, and stands alone where what it shares was not worth a node.
      if (start < place) grow(low, low + 1, start, siblings);
      from += 1;
    }
    while (from < high) {
      let end = from + 1;
      while (end < high && sorted[end]![place] === sorted[from]![place]) end += 1;
      grow(from, end, start, siblings);
      from = end;
    }
  }
}

function compare(one: readonly number[], other: readonly number[]): number {
  const shared = commonLength(one, other);
  return (one[shared] ?? -1) - (other[shared] ?? -1);
}

function commonLength(one: readonly number[], other: readonly number[]): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one[length] === other[length]) length += 1;
  return length;
}
