import { DatasetError } from '../dataset-error.js';
import { MinHash, resemblance, signatureBytes } from './min-hash.js';
import { SignatureStore } from './signature-store.js';

export interface NearDuplicateOptions {
  /** The share of common shingles from which two texts count as near duplicates, above 0 to 1; 0.8 where it is absent. */
  readonly threshold?: number;
  /** More texts than this keep their signatures (128 bytes each) in a temporary file. */
  readonly rowsInMemory?: number;
}

const { imul } = Math;

/** Pairs at the threshold that are compared at all. Those far above it all are. */
const recall = 0.99;

/** Of texts that agree in one band but are no near duplicates, as rows of one template are, the latest so many are looked at: all of them would be the square. */
const mostCompared = 32;

/**
 * Finds texts that resemble an earlier one, by MinHash signatures and locality-sensitive hashing: signatures are cut into bands, and only texts
 * that agree in all bytes of some band are compared. Holds 128 bytes for a text, in a file where they are many, and 12 bytes more while it searches.
 */
export class NearDuplicateFinder implements Disposable {
  private readonly threshold: number;
  private readonly bandRows: number;
  private readonly store: SignatureStore;
  private readonly minHash = new MinHash();

  constructor({ threshold = 0.8, rowsInMemory = 500_000 }: NearDuplicateOptions = {}) {
    if (!(threshold > 0 && threshold <= 1)) {
      throw new DatasetError({ message: `near duplicates: expected a threshold above 0 and at most 1; got ${threshold}`, code: 'bad-threshold', facts: { threshold } });
    }
    this.threshold = threshold;
    this.bandRows = bandRows(threshold);
    this.store = new SignatureStore(rowsInMemory);
  }

  /** Takes the next text. */
  add(text: string): void {
    this.minHash.sign(text, this.store.next());
  }

  /**
   * For each text in its order the first one that it belongs to: itself where it resembles none before it. Texts that are joined by others
   * between them belong together too.
   */
  firstOfEach(): Int32Array {
    const { length } = this.store;
    const groups = new Groups(length);
    // One for all bands: what is left of each would stay until the collector comes, which does not see how large it is.
    const table = { slots: new Int32Array(2 ** Math.ceil(Math.log2(length + 1) + 0.5)), earlier: new Int32Array(length), keys: new Int32Array(length) };
    for (let start = 0; start + this.bandRows <= signatureBytes; start += this.bandRows) this.joinBand(start, groups, table);
    return groups.finish();
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }

  /**
   * Texts that agree in one band. Each is compared with those before it that had no equal among them, the latest first: a thousand copies make a
   * thousand comparisons.
   */
  private joinBand(start: number, groups: Groups, { slots, earlier, keys }: Record<'slots' | 'earlier' | 'keys', Int32Array>): void {
    const { store, threshold } = this;
    slots.fill(-1);
    const buffer = new Uint8Array(signatureBytes);
    for (const { first, rows, bytes } of store.all()) {
      for (let place = 0; place < rows; place += 1) {
        const row = first + place;
        const key = hashBand(bytes, place * signatureBytes + start, this.bandRows);
        const slot = key & (slots.length - 1);
        keys[row] = key;
        let alone = true;
        let compared = 0;
        for (let other = slots[slot]!; other >= 0 && compared < mostCompared; other = earlier[other]!) {
          if (keys[other] !== key) continue;
          compared += 1;
          if (!groups.together(row, other)) {
            const found = store.at(other, buffer);
            if (resemblance(bytes, place * signatureBytes, found.bytes, found.start) < threshold) continue;
            groups.join(row, other);
          }
          alone = false;
          break;
        }
        if (!alone) continue;
        earlier[row] = slots[slot]!;
        slots[slot] = row;
      }
    }
  }
}

/** The longest bands, which bring the fewest texts together in vain, with which pairs at the threshold still meet in one of them. */
function bandRows(threshold: number): number {
  for (let rows = 16; rows > 1; rows -= 1) {
    if (1 - (1 - threshold ** rows) ** Math.floor(signatureBytes / rows) >= recall) return rows;
  }
  return 1;
}

function hashBand(bytes: Uint8Array, start: number, rows: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < rows; index += 1) {
    hash = imul(hash ^ bytes[start + index]!, 0x01000193);
    hash ^= hash >>> 15;
  }
  return imul(hash, 0x2c1b3c6d);
}

/** Disjoint sets of rows; each is known by its smallest row. */
class Groups {
  private readonly parents: Int32Array;

  constructor(length: number) {
    this.parents = Int32Array.from({ length }, (_, row) => row);
  }

  together(left: number, right: number): boolean {
    return this.find(left) === this.find(right);
  }

  join(left: number, right: number): void {
    const [one, other] = [this.find(left), this.find(right)];
    this.parents[Math.max(one, other)] = Math.min(one, other);
  }

  finish(): Int32Array {
    for (let row = 0; row < this.parents.length; row += 1) this.parents[row] = this.find(row);
    return this.parents;
  }

  private find(row: number): number {
    const { parents } = this;
    let root = row;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root]!]!;
      root = parents[root]!;
    }
    return root;
  }
}
