import { createReadStream } from 'node:fs';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors, type SafetensorsEntry } from '@tunesmith/checkpoints';
import type { Split } from '@tunesmith/datasets';
import { distributionsFile, distributionsFormat, type RowDistributions } from './stored-distributions.js';

/** What of a split waits in files of its own until the sizes are known, and of what kind. */
const parts = { token_ids: 'I32', places: 'I32', indices: 'I32', logits: 'F16' } as const;
type Part = keyof typeof parts;

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
    for (const part of Object.keys(parts) as Part[]) files[part] = await open(this.pathOf(split, part), 'w');
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
    const tensors = [...this.splits].flatMap(([split, { offsets, placeOffsets, crossEntropies }]): SafetensorsEntry[] => {
      const [tokens, places] = [Number(offsets.at(-1)), Number(placeOffsets.at(-1))];
      const shapes: Record<Part, readonly number[]> = { token_ids: [tokens], places: [places], indices: [places, this.entries], logits: [places, this.entries] };
      return [
        { name: `${split}.offsets`, dtype: 'I64', shape: [offsets.length], bytes: bytesOf(BigInt64Array.from(offsets)) },
        { name: `${split}.place_offsets`, dtype: 'I64', shape: [placeOffsets.length], bytes: bytesOf(BigInt64Array.from(placeOffsets)) },
        { name: `${split}.cross_entropies`, dtype: 'F32', shape: [crossEntropies.length], bytes: bytesOf(Float32Array.from(crossEntropies)) },
        ...(Object.keys(parts) as Part[]).map((part) => ({ name: `${split}.${part}`, dtype: parts[part], shape: shapes[part], bytes: () => createReadStream(this.pathOf(split, part)) as AsyncIterable<Uint8Array> })),
      ];
    });
    await writeSafetensors(join(this.folder, distributionsFile), tensors, { metadata: { ...metadata, format: distributionsFormat }, maxShardBytes: Infinity });
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

function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
