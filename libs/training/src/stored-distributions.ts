import { closeSync, openSync, readSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors } from '@tunesmith/checkpoints';
import type { EncodedRow, Split } from '@tunesmith/datasets';
import { fromBytes, ops, type Tensor } from '@tunesmith/tensor';
import { TrainingError } from './training-error.js';
import type { TaughtLogits } from './divergence.js';

/**
 * What a model said of the tokens of a dataset, in a file beside its rows. Safetensors; for each split that it covers:
 *
 *     SPLIT.offsets          I64 [rows + 1]        where the tokens of each row begin, in the order of the split's rows; the last is their number
 *     SPLIT.token_ids        I32 [tokens]          the tokens themselves, as the model's tokenizer and the student's template make them
 *     SPLIT.place_offsets    I64 [rows + 1]        where the places of each row begin
 *     SPLIT.places           I32 [places]          the tokens of a row, from 0 and rising, of which it is said what follows them
 *     SPLIT.indices          I32 [places, entries] tokens that may come next, the likeliest first
 *     SPLIT.logits           F16 [places, entries] their logits, up to a constant for each place; -inf fills up a place with fewer entries
 *     SPLIT.cross_entropies  F32 [rows]            of the row's trained tokens under the model, their mean in nats; NaN: the row was left out
 */
export const distributionsFile = 'teacher-distributions.safetensors';

/** The version of the above, in the file's metadata as `format`. */
export const distributionsFormat = 'tunesmith-distributions-2';

/** One row's part. Logits in float16 as bits. */
export interface RowDistributions {
  readonly tokenIds: readonly number[];
  readonly places: Int32Array; // [places]
  readonly indices: Int32Array; // [places, entries]
  readonly logits: Uint16Array; // [places, entries]
  readonly crossEntropy: number;
}

export async function hasDistributions(folder: string): Promise<boolean> {
  return access(join(folder, distributionsFile)).then(
    () => true,
    () => false,
  );
}

/** One split's part of such a file. The tokens lie in memory, what is said of them is read from the file as it is asked for. */
export class StoredDistributions implements Disposable {
  private constructor(
    readonly split: Split,
    /** Of the file. */
    readonly metadata: ReadonlyMap<string, string>,
    private readonly descriptor: number,
    private readonly offsets: Float64Array,
    private readonly tokenIds: Int32Array,
    private readonly placeOffsets: Float64Array,
    private readonly places: Int32Array,
    private readonly crossEntropies: Float32Array,
    /** At each place. */
    readonly entries: number,
    /** Where the bytes of the first place lie in the file. */
    private readonly begin: { readonly indices: number; readonly logits: number },
  ) {}

  /** @throws TrainingError `distributions-missing`, `distributions-broken`; SafetensorsError. */
  static async open(folder: string, split: Split): Promise<StoredDistributions> {
    const path = join(folder, distributionsFile);
    await using source = await openSafetensors(path);
    const broken = (message: string, facts: Record<string, unknown>): TrainingError => new TrainingError('distributions-broken', `train: ${path}: ${message}`, { folder, split, ...facts });
    const format = source.metadata.get('format');
    if (format !== distributionsFormat) throw broken(`expected the format ${distributionsFormat}; got ${format ?? 'none'}. Make the distributions again.`, { format });
    const info = (part: string, dtype: string): { name: string; shape: readonly number[] } => {
      const name = `${split}.${part}`;
      if (!source.has(name)) throw new TrainingError('distributions-missing', `train: expected the tensor ${name} in ${distributionsFile}: what the teacher said of the ${split} rows; the file has ${[...source.names()].join(', ') || 'none'}.`, { folder, name });
      const { dtype: stored, shape } = source.info(name);
      if (stored !== dtype) throw broken(`expected ${name} as ${dtype}; got ${stored}.`, { name });
      return { name, shape };
    };
    const read = async (part: string, dtype: string): Promise<ArrayBuffer> => Uint8Array.from(await source.read(info(part, dtype).name)).buffer;
    const offsets = Float64Array.from(new BigInt64Array(await read('offsets', 'I64')), Number);
    const tokenIds = new Int32Array(await read('token_ids', 'I32'));
    const placeOffsets = Float64Array.from(new BigInt64Array(await read('place_offsets', 'I64')), Number);
    const places = new Int32Array(await read('places', 'I32'));
    const crossEntropies = new Float32Array(await read('cross_entropies', 'F32'));
    const [indices, logits] = [info('indices', 'I32'), info('logits', 'F16')];
    const [rows, entries = 0] = [offsets.length - 1, indices.shape[1]];
    const sound =
      offsets.at(-1) === tokenIds.length && placeOffsets.length === rows + 1 && placeOffsets.at(-1) === places.length && crossEntropies.length === rows &&
      entries > 0 && [indices, logits].every(({ shape }) => shape.length === 2 && shape[0] === places.length && shape[1] === entries);
    if (!sound) throw broken(`expected offsets of ${rows} rows that end at its ${tokenIds.length} tokens and ${places.length} places, and entries for each place; got ${offsets.at(-1)}, ${placeOffsets.at(-1)}, indices [${indices.shape.join(', ')}], logits [${logits.shape.join(', ')}].`, { rows });
    const begin = { indices: source.locate!(indices.name)!.begin, logits: source.locate!(logits.name)!.begin };
    return new StoredDistributions(split, source.metadata, openSync(path, 'r'), offsets, tokenIds, placeOffsets, places, crossEntropies, entries, begin);
  }

  /** Whether a folder holds anything of this split. */
  static async covers(folder: string, split: Split): Promise<boolean> {
    await using source = await openSafetensors(join(folder, distributionsFile));
    return source.has(`${split}.offsets`);
  }

  get rows(): number {
    return this.crossEntropies.length;
  }

  /** NaN for a row that was left out. */
  crossEntropy(row: number): number {
    return this.crossEntropies[row]!;
  }

  tokensOf(row: number): readonly number[] {
    return [...this.tokenIds.subarray(this.offsets[row]!, this.offsets[row + 1]!)];
  }

  row(index: number): RowDistributions {
    const [start, end] = [this.placeOffsets[index]!, this.placeOffsets[index + 1]!];
    return {
      tokenIds: this.tokensOf(index),
      places: this.places.slice(start, end),
      ...this.read(start, end),
      crossEntropy: this.crossEntropy(index),
    };
  }

  /** Checks that a row is the one the teacher read, or its beginning, and that it spoke of all that is trained. */
  expectRow({ index, tokenIds, lossMask }: EncodedRow): void {
    const [start, end] = [this.offsets[index], this.offsets[index + 1]];
    const same = start !== undefined && end !== undefined && end - start >= tokenIds.length && tokenIds.every((id, place) => this.tokenIds[start + place] === id);
    if (same && tokenIds.every((_, place) => !lossMask[place + 1] || this.placeOf(index, place) !== undefined)) return;
    throw new TrainingError('distributions-of-others', `train: row ${index + 1} of ${this.split}: expected ${distributionsFile} to hold what the teacher said of its ${tokenIds.length} tokens; it holds other tokens or none. Make the distributions again with this dataset, tokenizer and template.`, { row: index + 1, split: this.split });
  }

  /** What the teacher said at the given places of the given rows, its `topK` likeliest tokens (0: all that are stored). Tensors of the caller's scope. */
  at(asked: readonly (readonly [row: number, place: number])[], topK: number): TaughtLogits {
    const { entries } = this;
    const indices = new BigInt64Array(asked.length * entries);
    const logits = new Uint16Array(asked.length * entries);
    let read: { row: number; start: number; indices: Int32Array; logits: Uint16Array } | undefined;
    for (const [number, [row, place]] of asked.entries()) {
      const start = this.placeOffsets[row]!;
      if (read?.row !== row) read = { row, start, ...this.read(start, this.placeOffsets[row + 1]!) };
      const from = (this.placeOf(row, place)! - start) * entries;
      for (let entry = 0; entry < entries; entry += 1) indices[number * entries + entry] = BigInt(read.indices[from + entry]!);
      logits.set(read.logits.subarray(from, from + entries), number * entries);
    }
    const shape = [asked.length, entries];
    const kept = topK === 0 ? entries : topK;
    const first = (tensor: Tensor): Tensor => ops.narrow(tensor, 1, 0, kept);
    return { tokens: first(fromBytes(indices, { shape, dtype: 'int64' })), logits: first(ops.toDtype(fromBytes(logits, { shape, dtype: 'float16' }), 'float32')) };
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }

  /** Which of all places the token `place` of a row is. */
  private placeOf(row: number, place: number): number | undefined {
    let [low, high] = [this.placeOffsets[row]!, this.placeOffsets[row + 1]!];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.places[middle]! < place) low = middle + 1;
      else high = middle;
    }
    return low < this.placeOffsets[row + 1]! && this.places[low] === place ? low : undefined;
  }

  private read(start: number, end: number): { indices: Int32Array; logits: Uint16Array } {
    const indices = new Int32Array((end - start) * this.entries);
    const logits = new Uint16Array((end - start) * this.entries);
    this.fill(indices, this.begin.indices + start * this.entries * indices.BYTES_PER_ELEMENT);
    this.fill(logits, this.begin.logits + start * this.entries * logits.BYTES_PER_ELEMENT);
    return { indices, logits };
  }

  private fill(target: Int32Array | Uint16Array, position: number): void {
    const bytes = new Uint8Array(target.buffer);
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(this.descriptor, bytes, done, bytes.length - done, position + done);
      if (read === 0) throw new TrainingError('distributions-broken', `train: ${distributionsFile} ended while it was read: something cut it.`, { split: this.split });
      done += read;
    }
  }
}
