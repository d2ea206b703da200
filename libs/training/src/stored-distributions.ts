import { closeSync, openSync, readSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openArrow, type ArrowField, type ArrowSource, type ArrowType, type PlacedColumn } from '@tunesmith/checkpoints';
import type { EncodedRow, Split } from '@tunesmith/datasets';
import { fromBytes, ops, type Tensor } from '@tunesmith/tensor';
import { TrainingError } from './training-error.js';
import type { TaughtLogits } from './divergence.js';

/**
 * What a model said of the tokens of a dataset, in a file beside its rows: an Arrow file (pandas, Polars and DuckDB read it too) with a batch for each split that it
 * covers and a line for each row.
 *
 *     split          text
 *     token_ids      list of int32                     the tokens of the row, as the model's tokenizer and the student's template make them
 *     places         list of int32                     the tokens of the row, from 0 and rising, of which it is said what follows them
 *     indices        list of as many lists of int32    tokens that may come next, the likeliest first
 *     logits         list of as many lists of float16  their logits, up to a constant for each place; -inf fills up a place with fewer entries
 *     cross_entropy  float32                           of the row's trained tokens under the model, their mean in nats; NaN: the row was left out
 */
export const distributionsFile = 'teacher-distributions.arrow';

/** The version of the above, in the file's metadata as `format`; `splits` says there which batch is whose. */
export const distributionsFormat = 'tunesmith-distributions-3';

/** @param entries at each place */
export function distributionsFields(entries: number): ArrowField[] {
  const listOf = (of: ArrowType): ArrowType => ({ kind: 'list', of });
  const eachOf = (kind: 'int32' | 'float16'): ArrowType => listOf({ kind: 'fixed-list', size: entries, of: { kind } });
  return [
    { name: 'split', type: { kind: 'text' } },
    { name: 'token_ids', type: listOf({ kind: 'int32' }) },
    { name: 'places', type: listOf({ kind: 'int32' }) },
    { name: 'indices', type: eachOf('int32') },
    { name: 'logits', type: eachOf('float16') },
    { name: 'cross_entropy', type: { kind: 'float32' } },
  ];
}

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

  /** @throws TrainingError `distributions-missing`, `distributions-broken`; ArrowError. */
  static async open(folder: string, split: Split): Promise<StoredDistributions> {
    const path = join(folder, distributionsFile);
    await using source = await openArrow(path);
    const broken = (message: string, facts: Record<string, unknown>): TrainingError => new TrainingError('distributions-broken', `train: ${path}: ${message}`, { folder, split, ...facts });
    const format = source.metadata.get('format');
    if (format !== distributionsFormat) throw broken(`expected the format ${distributionsFormat}; got ${format ?? 'none'}. Make the distributions again.`, { format });
    const type = source.fields.find(({ name }) => name === 'logits')?.type;
    const entries = type?.kind === 'list' && type.of.kind === 'fixed-list' ? type.of.size : 0;
    if (entries < 1 || !isDeepStrictEqual(source.fields, distributionsFields(entries))) throw broken(`expected the columns ${distributionsFields(1).map(({ name }) => name).join(', ')}, with at least one entry for each place; got ${source.fields.map(({ name }) => name).join(', ')} with ${entries}. Make the distributions again.`, {});
    const splits = splitsOf(source);
    const columns = source.batches[splits.indexOf(split)];
    if (!columns) throw new TrainingError('distributions-missing', `train: expected what the teacher said of the ${split} rows in ${distributionsFile}; the file has ${splits.join(' and ') || 'none'}.`, { folder, split });
    const column = (name: string): PlacedColumn => columns.get(name)!;
    const read = async (place: PlacedColumn['values']): Promise<ArrayBuffer> => (await source.read(place!)).buffer as ArrayBuffer;
    const offsetsOf = async (name: string): Promise<Float64Array> => Float64Array.from(new BigInt64Array(await read(column(name).offsets)), Number);
    const [offsets, placeOffsets, ofIndices, ofLogits] = [await offsetsOf('token_ids'), await offsetsOf('places'), await offsetsOf('indices'), await offsetsOf('logits')];
    const [tokenIds, places] = [new Int32Array(await read(column('token_ids').of!.values)), new Int32Array(await read(column('places').of!.values))];
    const crossEntropies = new Float32Array(await read(column('cross_entropy').values));
    const rows = crossEntropies.length;
    const rising = (numbers: Float64Array, end: number): boolean => numbers.length === rows + 1 && numbers[0] === 0 && numbers.at(-1) === end && numbers.every((each, place) => place === 0 || each >= numbers[place - 1]!);
    const sound = rising(offsets, tokenIds.length) && [placeOffsets, ofIndices, ofLogits].every((each) => rising(each, places.length) && isDeepStrictEqual(each, placeOffsets)) && [column('indices'), column('logits')].every(({ of }) => of!.length === places.length);
    if (!sound) throw broken(`expected lists of ${rows} rows that end at its ${tokenIds.length} tokens and ${places.length} places; got ${offsets.at(-1)}, ${placeOffsets.at(-1)}, ${ofIndices.at(-1)}, ${ofLogits.at(-1)}.`, { rows });
    const begin = { indices: column('indices').of!.of!.values!.begin, logits: column('logits').of!.of!.values!.begin };
    return new StoredDistributions(split, source.metadata, openSync(path, 'r'), offsets, tokenIds, placeOffsets, places, crossEntropies, entries, begin);
  }

  /** Whether a folder holds anything of this split. */
  static async covers(folder: string, split: Split): Promise<boolean> {
    await using source = await openArrow(join(folder, distributionsFile));
    return splitsOf(source).includes(split);
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

function splitsOf({ metadata }: ArrowSource): readonly string[] {
  return (metadata.get('splits') ?? '').split(',').filter((split) => split !== '');
}
