/**
 * Puts things of given lengths into bins of one capacity, by best fit in decreasing order: the longest first, each into the fullest bin that still
 * takes it. Returns the bins, each a list of indices. Things of equal length are taken in their order; how many bins there are depends on the
 * lengths alone, not on their order. O(n log capacity).
 *
 * Expects whole lengths from 1 to the capacity.
 */
export function bestFit(lengths: readonly number[], capacity: number): number[][] {
  const decreasing = [...lengths.keys()].sort((left, right) => lengths[right]! - lengths[left]! || left - right);
  const bins: number[][] = [];
  // Open bins by the space that is left in them.
  const open = new Map<number, number[]>();
  const spaces = new Spaces(capacity);
  for (const index of decreasing) {
    const length = lengths[index]!;
    const space = spaces.smallestFrom(length);
    const waiting = space === undefined ? undefined : open.get(space);
    const bin = waiting?.pop() ?? bins.push([]) - 1;
    if (space !== undefined && waiting?.length === 0) spaces.remove(space);
    bins[bin]!.push(index);
    const left = (space ?? capacity) - length;
    if (left === 0) continue;
    const others = open.get(left);
    if (others) others.push(bin);
    else open.set(left, [bin]);
    spaces.add(left);
  }
  return bins;
}

/** A set of whole numbers from 1 to a highest one, as a binary tree of marks: the smallest member that is not below a number in O(log highest). */
class Spaces {
  readonly #leaves: number;
  readonly #marks: Uint8Array;

  constructor(highest: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(highest + 1));
    this.#marks = new Uint8Array(2 * this.#leaves);
  }

  add(space: number): void {
    for (let node = this.#leaves + space; node >= 1; node >>= 1) this.#marks[node] = 1;
  }

  remove(space: number): void {
    let node = this.#leaves + space;
    this.#marks[node] = 0;
    for (node >>= 1; node >= 1; node >>= 1) this.#marks[node] = this.#marks[2 * node]! | this.#marks[2 * node + 1]!;
  }

  smallestFrom(space: number): number | undefined {
    let node = this.#leaves + space;
    if (!this.#marks[node]) {
      // Up until a marked neighbour lies to the right, then down along its left edge.
      while (node > 1 && (node % 2 === 1 || !this.#marks[node + 1])) node >>= 1;
      if (node <= 1) return undefined;
      node += 1;
      while (node < this.#leaves) node = this.#marks[2 * node] ? 2 * node : 2 * node + 1;
    }
    return node - this.#leaves;
  }
}
