import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, writeSafetensors, type SafetensorsEntry } from '@tunesmith/checkpoints';
import type { EncodedRow, Split } from '@tunesmith/datasets';
import { fromBytes, ops, type Tensor } from '@tunesmith/tensor';
import { TrainingError } from './training-error.js';
import type { TaughtLogits } from './divergence.js';

/**
 * What a teacher said of every token of a dataset, in a file beside its rows. Safetensors; for each split that it covers:
 *
 *     SPLIT.offsets   I64 [rows + 1]        where the tokens of each row begin, in the order of the split's rows; the last is their number
 *     SPLIT.token_ids I32 [tokens]          the tokens themselves, as the student's tokenizer and template make them
 *     SPLIT.indices   I32 [tokens, entries] tokens of the student's vocabulary that may come next after each token, the likeliest first
 *     SPLIT.logits    F16 [tokens, entries] their logits, up to a constant; -inf fills up a place with fewer entries
 */
export const distributionsFile = 'teacher-distributions.safetensors';

/** One row's part. Logits in float16 as bits. */
export interface RowDistributions {
  readonly tokenIds: readonly number[];
  readonly indices: Int32Array; // [tokens, entries]
  readonly logits: Uint16Array; // [tokens, entries]
}

export async function writeDistributions(folder: string, splits: ReadonlyMap<Split, readonly RowDistributions[]>, entries: number): Promise<void> {
  const tensors = [...splits].flatMap(([split, rows]): SafetensorsEntry[] => {
    let tokens = 0;
    const offsets = BigInt64Array.of(0n, ...rows.map(({ tokenIds }) => BigInt((tokens += tokenIds.length))));
    const bytes = (arrays: readonly (Int32Array | Uint16Array)[]): Uint8Array => Buffer.concat(arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)));
    return [
      { name: `${split}.offsets`, dtype: 'I64', shape: [rows.length + 1], bytes: new Uint8Array(offsets.buffer) },
      { name: `${split}.token_ids`, dtype: 'I32', shape: [tokens], bytes: bytes(rows.map(({ tokenIds }) => Int32Array.from(tokenIds))) },
      { name: `${split}.indices`, dtype: 'I32', shape: [tokens, entries], bytes: bytes(rows.map(({ indices }) => indices)) },
      { name: `${split}.logits`, dtype: 'F16', shape: [tokens, entries], bytes: bytes(rows.map(({ logits }) => logits)) },
    ];
  });
  await writeSafetensors(join(folder, distributionsFile), tensors, { metadata: { format: 'tunesmith-distributions-1' } });
}

export async function hasDistributions(folder: string): Promise<boolean> {
  return access(join(folder, distributionsFile)).then(
    () => true,
    () => false,
  );
}

/** One split's part of such a file, in memory. */
export class StoredDistributions {
  private constructor(
    private readonly split: Split,
    private readonly offsets: readonly number[],
    private readonly tokenIds: Int32Array,
    private readonly indices: Int32Array,
    private readonly logits: Uint16Array,
    /** Of each token. */
    readonly entries: number,
  ) {}

  /** @throws TrainingError `distributions-missing`, `distributions-broken`; SafetensorsError. */
  static async read(folder: string, split: Split): Promise<StoredDistributions> {
    await using source = await openSafetensors(join(folder, distributionsFile));
    const names = [...source.names()];
    const read = async (part: string, dtype: string): Promise<Uint8Array<ArrayBuffer>> => {
      const name = `${split}.${part}`;
      if (!names.includes(name)) throw new TrainingError('distributions-missing', `train: expected the tensor ${name} in ${distributionsFile}: what the teacher said of the ${split} rows; the file has ${names.join(', ') || 'none'}.`, { folder, name });
      const info = source.info(name);
      if (info.dtype !== dtype) throw new TrainingError('distributions-broken', `train: ${distributionsFile}: expected ${name} as ${dtype}; got ${info.dtype}.`, { folder, name });
      return Uint8Array.from(await source.read(name));
    };
    const offsets = Array.from(new BigInt64Array((await read('offsets', 'I64')).buffer), Number);
    const tokenIds = new Int32Array((await read('token_ids', 'I32')).buffer);
    const indices = new Int32Array((await read('indices', 'I32')).buffer);
    const logits = new Uint16Array((await read('logits', 'F16')).buffer);
    const entries = source.info(`${split}.indices`).shape[1] ?? 0;
    const tokens = tokenIds.length;
    if (offsets.at(-1) !== tokens || entries < 1 || indices.length !== tokens * entries || logits.length !== tokens * entries) {
      throw new TrainingError('distributions-broken', `train: ${distributionsFile}: expected offsets that end at the ${tokens} tokens of ${split}, and entries for each; got ${offsets.at(-1)} and ${indices.length} indices, ${logits.length} logits.`, { folder, split });
    }
    return new StoredDistributions(split, offsets, tokenIds, indices, logits, entries);
  }

  /** Checks that a row is the one the teacher read, or its beginning. */
  expectRow({ index, tokenIds }: EncodedRow): void {
    const [start, end] = [this.offsets[index], this.offsets[index + 1]];
    const same = start !== undefined && end !== undefined && end - start >= tokenIds.length && tokenIds.every((id, place) => this.tokenIds[start + place] === id);
    if (same) return;
    throw new TrainingError('distributions-of-others', `train: row ${index + 1} of ${this.split}: expected ${distributionsFile} to hold what the teacher said of its ${tokenIds.length} tokens; it holds other tokens or none. Make the distributions again with this dataset, tokenizer and template.`, { row: index + 1, split: this.split });
  }

  /** What the teacher said at the given places of the given rows, its `topK` likeliest tokens (0: all that are stored). Tensors of the caller's scope. */
  at(places: readonly (readonly [row: number, place: number])[], topK: number): TaughtLogits {
    const { entries } = this;
    const indices = new BigInt64Array(places.length * entries);
    const logits = new Uint16Array(places.length * entries);
    for (const [number, [row, place]] of places.entries()) {
      const from = (this.offsets[row]! + place) * entries;
      for (let entry = 0; entry < entries; entry += 1) {
        indices[number * entries + entry] = BigInt(this.indices[from + entry]!);
        logits[number * entries + entry] = this.logits[from + entry]!;
      }
    }
    const shape = [places.length, entries];
    const kept = topK === 0 ? entries : topK;
    const first = (tensor: Tensor): Tensor => ops.narrow(tensor, 1, 0, kept);
    return { tokens: first(fromBytes(indices, { shape, dtype: 'int64' })), logits: first(ops.toDtype(fromBytes(logits, { shape, dtype: 'float16' }), 'float32')) };
  }
}
