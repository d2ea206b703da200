import type { Split } from './row.js';

/** Where a content was first seen. */
export interface FirstSeen {
  readonly file: number;
  readonly line: number;
  readonly split: Split;
}

const shardCount = 256;
const wordsPerSlot = 4; // two of the hash, the line, the file and the split
const firstSlots = 64;

/**
 * Remembers contents by 64 bits of their hash: 16 bytes for each, two thirds of the slots filled. It grows in 256 parts one after the other, so that there
 * is never a second copy of it all. Among ten million contents two are mistaken for one another with a chance of 3 in a million.
 */
export class ContentTable {
  private shards = emptyShards();
  private readonly counts = new Uint32Array(shardCount);

  /** Where this content was first seen; undefined where it was not. */
  find(hash: Buffer): FirstSeen | undefined {
    const slots = this.shards[hash[8]!]!;
    return seenAt(slots, find(slots, hash.readUInt32LE(0), hash.readUInt32LE(4)));
  }

  /** Where this content was first seen; undefined, and remembered, where it is new. `hash`: at least nine random bytes. `file` below 2³¹ − 1. */
  firstOf(hash: Buffer, { file, line, split }: FirstSeen): FirstSeen | undefined {
    const shard = hash[8]!;
    const [high, low] = [hash.readUInt32LE(0), hash.readUInt32LE(4)];
    let slots = this.shards[shard]!;
    let place = find(slots, high, low);
    const seen = seenAt(slots, place);
    if (seen) return seen;
    if ((this.counts[shard]! + 1) * 3 > (slots.length / wordsPerSlot) * 2) {
      slots = grown(slots);
      this.shards[shard] = slots;
      place = find(slots, high, low);
    }
    slots.set([high, low, line, ((file + 1) << 1) | (split === 'validation' ? 1 : 0)], place);
    this.counts[shard]! += 1;
    return undefined;
  }

  /** Lets go of all that it remembers. */
  clear(): void {
    this.shards = emptyShards();
    this.counts.fill(0);
  }
}

function emptyShards(): Uint32Array<ArrayBuffer>[] {
  return Array.from({ length: shardCount }, () => new Uint32Array(firstSlots * wordsPerSlot));
}

/** A used slot is never 0 in its last word. */
function seenAt(slots: Uint32Array, place: number): FirstSeen | undefined {
  const last = slots[place + 3]!;
  return last === 0 ? undefined : { line: slots[place + 2]!, file: (last >>> 1) - 1, split: last & 1 ? 'validation' : 'train' };
}

/** The slot of this hash, or the free one where it would stand. */
function find(slots: Uint32Array, high: number, low: number): number {
  const mask = slots.length / wordsPerSlot - 1;
  let slot = low & mask;
  while (slots[slot * wordsPerSlot + 3] !== 0 && (slots[slot * wordsPerSlot] !== high || slots[slot * wordsPerSlot + 1] !== low)) slot = (slot + 1) & mask;
  return slot * wordsPerSlot;
}

function grown(slots: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(slots.length * 2);
  for (let at = 0; at < slots.length; at += wordsPerSlot) {
    if (slots[at + 3] !== 0) larger.set(slots.subarray(at, at + wordsPerSlot), find(larger, slots[at]!, slots[at + 1]!));
  }
  return larger;
}
