/**
 * Python's `random.Random`: the Mersenne twister MT19937 (Matsumoto and Nishimura 1998), seeded by an array of 32-bit words, and the way
 * in which CPython's `sample` uses it. The examples that lm-evaluation-harness draws are drawn with it.
 */
export class PythonRandom {
  readonly #state = new Uint32Array(624);
  #index = 624;

  /** @param seed a whole number from 0 to 2^53 - 1 */
  constructor(seed: number) {
    const key = seed >= 2 ** 32 ? [seed % 2 ** 32, Math.floor(seed / 2 ** 32)] : [seed];
    const state = this.#state;
    this.#fill(19_650_218);
    let [i, j] = [1, 0];
    for (let round = Math.max(624, key.length); round > 0; round -= 1) {
      const before = state[i - 1]! ^ (state[i - 1]! >>> 30);
      state[i] = (state[i]! ^ Math.imul(before, 1_664_525)) + key[j]! + j;
      i += 1;
      j = (j + 1) % key.length;
      if (i >= 624) {
        state[0] = state[623]!;
        i = 1;
      }
    }
    for (let round = 623; round > 0; round -= 1) {
      const before = state[i - 1]! ^ (state[i - 1]! >>> 30);
      state[i] = (state[i]! ^ Math.imul(before, 1_566_083_941)) - i;
      i += 1;
      if (i >= 624) {
        state[0] = state[623]!;
        i = 1;
      }
    }
    state[0] = 0x80000000;
  }

  /** `count` of the items, none twice. As in CPython, few of many are drawn by trying, else by taking from a shrinking list. */
  sample<Item>(items: readonly Item[], count: number): Item[] {
    const total = items.length;
    if (count > total) throw new RangeError(`expected at most ${total} items to draw; got ${count}`);
    const setSize = count > 5 ? 21 + 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 21;
    if (total > setSize) {
      const taken = new Set<number>();
      while (taken.size < count) taken.add(this.#below(total));
      return [...taken].map((index) => items[index]!);
    }
    const pool = [...items];
    return Array.from({ length: count }, (_, round) => {
      const index = this.#below(total - round);
      const drawn = pool[index]!;
      pool[index] = pool[total - round - 1]!;
      return drawn;
    });
  }

  /** A whole number from 0 to `limit` - 1, `limit` at most 2^32 - 1. */
  #below(limit: number): number {
    const bits = 32 - Math.clz32(limit);
    for (;;) {
      const drawn = this.#word() >>> (32 - bits);
      if (drawn < limit) return drawn;
    }
  }

  #fill(seed: number): void {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < 624; i += 1) state[i] = Math.imul(1_812_433_253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i;
  }

  #word(): number {
    const state = this.#state;
    if (this.#index >= 624) {
      for (let i = 0; i < 624; i += 1) {
        const mixed = (state[i]! & 0x80000000) | (state[(i + 1) % 624]! & 0x7fffffff);
        state[i] = state[(i + 397) % 624]! ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
      }
      this.#index = 0;
    }
    let word = state[this.#index]!;
    this.#index += 1;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }
}
