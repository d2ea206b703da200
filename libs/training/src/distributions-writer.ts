import { createReadStream } from 'node:fs';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArrow, type ArrowColumn } from '@tunesmith/checkpoints';
import type { Split } from '@tunesmith/datasets';
import { distributionsFields, distributionsFile, distributionsFormat, type RowDistributions } from './stored-distributions.js';

/** What of a split waits in files of its own until the sizes are known, and the bytes of one value. */
const partBytes = { token_ids: 4, places: 4, indices: 4, logits: 2 } as const;
type Part = keyof typeof partBytes;

interface SplitParts {
  readonly files: Readonly<Record<Part, FileHandle>>;
  readonly offsets: bigint[];
  readonly placeOffsets: bigint[];
  readonly crossEntropies: number[];
}

/**
 * Writes `distributionsFile` row by row, so that no more than a row lies in memory. Nothing stands under its final name before `finish`; disposing
 * it removes what waited.
 */
export class DistributionsWriter implements AsyncDisposable {
  private readonly splits = new Map<Split, SplitParts>();

  private constructor(
    private readonly folder: string,
    private readonly entries: number,
  ) {}

  /** @param entries at each place of every row. */
  static async create(folder: string, entries: number): Promise<DistributionsWriter> {
    const writer = new DistributionsWriter(folder, entries);
    await mkdir(writer.waiting, { recursive: true });
    return writer;
  }

  /** A split may be begun without a row. */
  async begin(split: Split): Promise<void> {
    if (this.splits.has(split)) return;
    const files = {} as Record<Part, FileHandle>;
    for (const part of Object.keys(partBytes) as Part[]) files[part] = await open(this.pathOf(split, part), 'w');
    this.splits.set(split, { files, offsets: [0n], placeOffsets: [0n], crossEntropies: [] });
  }

  /** The next row of a split. */
  async append(split: Split, { tokenIds, places, indices, logits, crossEntropy }: RowDistributions): Promise<void> {
    await this.begin(split);
    const { files, offsets, placeOffsets, crossEntropies } = this.splits.get(split)!;
    await files.token_ids.appendFile(bytesOf(Int32Array.from(tokenIds)));
    await files.places.appendFile(bytesOf(places));
    await files.indices.appendFile(bytesOf(indices));
    await files.logits.appendFile(bytesOf(logits));
    offsets.push(offsets.at(-1)! + BigInt(tokenIds.length));
    placeOffsets.push(placeOffsets.at(-1)! + BigInt(places.length));
    crossEntropies.push(crossEntropy);
  }

  async finish(metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    const names = [...this.splits.keys()];
    const batches = [...this.splits].map(([split, { offsets, placeOffsets, crossEntropies }]): ArrowColumn[] => {
      const [tokens, places, rows] = [Number(offsets.at(-1)), Number(placeOffsets.at(-1)), crossEntropies.length];
      const waiting = (part: Part, length: number): ArrowColumn => ({ length, values: { byteLength: length * partBytes[part], read: () => createReadStream(this.pathOf(split, part)) as AsyncIterable<Uint8Array> } });
      const entriesOf = (part: Part): ArrowColumn => ({ length: rows, offsets: longs(placeOffsets), of: { length: places, of: waiting(part, places * this.entries) } });
      return [
        { length: rows, offsets: bytesOf(Int32Array.from({ length: rows + 1 }, (_, row) => row * split.length)), values: Buffer.from(split.repeat(rows)) },
        { length: rows, offsets: longs(offsets), of: waiting('token_ids', tokens) },
        { length: rows, offsets: longs(placeOffsets), of: waiting('places', places) },
        entriesOf('indices'),
        entriesOf('logits'),
        { length: rows, values: bytesOf(Float32Array.from(crossEntropies)) },
      ];
    });
    await writeArrow(join(this.folder, distributionsFile), { fields: distributionsFields(this.entries), metadata: { ...metadata, format: distributionsFormat, splits: names.join() }, batches });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.splits.values()].flatMap(({ files }) => Object.values(files).map((file) => file.close())));
    await rm(this.waiting, { recursive: true, force: true });
  }

  private get waiting(): string {
    return join(this.folder, '.distributions');
  }

  private pathOf(split: Split, part: Part): string {
    return join(this.waiting, `${split}.${part}`);
  }
}

function longs(numbers: readonly bigint[]): Uint8Array {
  return bytesOf(BigInt64Array.from(numbers));
}

function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
