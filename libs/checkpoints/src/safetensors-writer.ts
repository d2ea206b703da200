import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AtomicFile, writeFileAtomically } from './atomic-file.js';
import { SafetensorsError } from './errors.js';
import { jsonText } from './json-file.js';
import { RandomAccessFile } from './random-access-file.js';
import { largestSafetensorsHeader } from './safetensors-header.js';
import { safetensorsBits } from './safetensors-types.js';

/**
 * One tensor to write. Bytes given as a function are asked for when their turn comes, so that a large model never lies in memory whole; and
 * where they come in pieces, no large tensor does.
 */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array | (() => Uint8Array | AsyncIterable<Uint8Array> | Promise<Uint8Array | AsyncIterable<Uint8Array>>);
}

export interface WriteSafetensorsOptions {
  /** `__metadata__`; transformers wants `{ format: 'pt' }`, which is the default. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Bytes of tensor data per file; more than one file adds an index. Default 5 GB. */
  readonly maxShardBytes?: number;
}

interface PlannedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
  load(): Promise<Uint8Array | AsyncIterable<Uint8Array>>;
}

/**
 * Writes safetensors at `path`, ordered by alignment and then by name as the reference writer does, header padded to eight bytes. Files
 * appear whole or not at all. Sharded sets are named `NAME-00001-of-0000N.safetensors` with `NAME.safetensors.index.json` beside them.
 * Tensors with ready bytes from an iterator are spooled to a file beside `path`, since the header comes first and needs every size.
 * Returns the paths written. Throws SafetensorsError for wrong entries, FileWriteError (`disk-full`) where the disk refuses.
 */
export async function writeSafetensors(
  path: string,
  entries: AsyncIterable<SafetensorsEntry> | Iterable<SafetensorsEntry>,
  { metadata = { format: 'pt' }, maxShardBytes = 5_000_000_000 }: WriteSafetensorsOptions = {},
): Promise<string[]> {
  if (!path.endsWith('.safetensors')) {
    throw new SafetensorsError({ code: 'safetensors-bad-path', message: `Expected a path ending in .safetensors, got ${path}.`, facts: { path } });
  }
  await using spool = new Spool(`${path}.${randomUUID()}.spool`);
  const tensors = await plan(entries, spool);
  const shards = divide(tensors, maxShardBytes);
  const stem = path.slice(0, -'.safetensors'.length);
  const number = (value: number): string => String(value).padStart(5, '0');
  const paths = shards.length === 1 ? [path] : shards.map((_, index) => `${stem}-${number(index + 1)}-of-${number(shards.length)}.safetensors`);
  const written: string[] = [];
  try {
    for (const [index, shard] of shards.entries()) {
      await using file = await AtomicFile.create(paths[index]!);
      await writeShard(file, shard, metadata);
      await file.commit();
      written.push(paths[index]!);
    }
    if (shards.length > 1) {
      const total = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
      const places = shards.flatMap((shard, index) => shard.map(({ name }) => [name, basename(paths[index]!)] as const));
      const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1))) };
      await writeFileAtomically(join(dirname(path), `${basename(stem)}.safetensors.index.json`), jsonText(index));
    }
  } catch (error) {
    // A set of shards is one thing: without its index the first ones are half a model.
    await Promise.all(written.map((done) => rm(done, { force: true })));
    throw error;
  }
  return paths;
}

/** Header and data of one file. Exported for the spec, which writes to a full device. */
export async function writeShard(file: AtomicFile, tensors: readonly PlannedTensor[], metadata: Readonly<Record<string, string>>): Promise<void> {
  await file.write(encodeHeader(tensors, metadata, file.path));
  for (const tensor of tensors) {
    const loaded = await tensor.load();
    let written = 0;
    for await (const bytes of loaded instanceof Uint8Array ? [loaded] : loaded) {
      written += bytes.byteLength;
      if (written > tensor.byteLength) break;
      await file.write(bytes);
    }
    if (written !== tensor.byteLength) throw sizeMismatch(tensor.name, tensor.dtype, tensor.shape, tensor.byteLength, written);
  }
}

function encodeHeader(tensors: readonly PlannedTensor[], metadata: Readonly<Record<string, string>>, path: string): Uint8Array {
  const parts: string[] = [];
  if (Object.keys(metadata).length > 0) parts.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let offset = 0;
  for (const { name, dtype, shape, byteLength } of tensors) {
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, offset + byteLength] })}`);
    offset += byteLength;
  }
  const text = new TextEncoder().encode(`{${parts.join(',')}}`);
  const length = Math.ceil(text.byteLength / 8) * 8;
  if (length > largestSafetensorsHeader) {
    throw new SafetensorsError({
      code: 'safetensors-header-too-large',
      message: `The header of ${path} would take ${length} bytes; the format allows ${largestSafetensorsHeader}. Write more, smaller shards.`,
      facts: { path, headerLength: length, limit: largestSafetensorsHeader },
    });
  }
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}

async function plan(entries: AsyncIterable<SafetensorsEntry> | Iterable<SafetensorsEntry>, spool: Spool): Promise<PlannedTensor[]> {
  const inMemory = Array.isArray(entries);
  const planned = new Map<string, PlannedTensor>();
  for await (const { name, dtype, shape, bytes } of entries) {
    const bits = safetensorsBits.get(dtype);
    if (bits === undefined) throw new SafetensorsError({ code: 'safetensors-unknown-dtype', message: `Tensor ${name}: unknown dtype ${dtype}.`, facts: { tensor: name, dtype } });
    if (planned.has(name) || name === '__metadata__') {
      throw new SafetensorsError({ code: 'safetensors-duplicate-tensor', message: `Tensor ${name} is given twice, or its name is reserved.`, facts: { tensor: name } });
    }
    const totalBits = shape.reduce((product, size) => product * size, bits);
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(totalBits) || totalBits % 8 !== 0) {
      throw new SafetensorsError({ code: 'safetensors-bad-shape', message: `Tensor ${name}: the shape [${shape.join(', ')}] of ${dtype} cannot be stored.`, facts: { tensor: name, shape } });
    }
    const byteLength = totalBits / 8;
    if (typeof bytes !== 'function' && bytes.byteLength !== byteLength) throw sizeMismatch(name, dtype, shape, byteLength, bytes.byteLength);
    const load = typeof bytes === 'function' ? async () => bytes() : inMemory ? async () => bytes : await spool.add(bytes);
    planned.set(name, { name, dtype, shape, byteLength, load });
  }
  await spool.finish();
  // Larger elements first keeps every tensor aligned to its own element.
  return [...planned.values()].sort((a, b) => safetensorsBits.get(b.dtype)! - safetensorsBits.get(a.dtype)! || (a.name < b.name ? -1 : 1));
}

function divide(tensors: readonly PlannedTensor[], maxShardBytes: number): PlannedTensor[][] {
  const shards: PlannedTensor[][] = [[]];
  let size = 0;
  for (const tensor of tensors) {
    if (size > 0 && size + tensor.byteLength > maxShardBytes) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)!.push(tensor);
    size += tensor.byteLength;
  }
  return shards;
}

function sizeMismatch(name: string, dtype: string, shape: readonly number[], expected: number, got: number): SafetensorsError {
  return new SafetensorsError({
    code: 'safetensors-size-mismatch',
    message: `Tensor ${name}: ${dtype} [${shape.join(', ')}] takes ${expected} bytes, got ${got}.`,
    facts: { tensor: name, dtype, shape, expected, got },
  });
}

/** Bytes that wait on disk until the header can be written; the file exists only if something was added. */
class Spool implements AsyncDisposable {
  private writing: AtomicFile | undefined;
  private reading: RandomAccessFile | undefined;

  constructor(private readonly path: string) {}

  async add(bytes: Uint8Array): Promise<() => Promise<Uint8Array>> {
    this.writing ??= await AtomicFile.create(this.path);
    const offset = this.writing.position;
    const length = bytes.byteLength;
    await this.writing.write(bytes);
    return async () => this.reading!.read(offset, length);
  }

  async finish(): Promise<void> {
    if (!this.writing) return;
    await this.writing.commit();
    this.reading = await RandomAccessFile.open(this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writing?.abort();
    await this.reading?.close();
    await rm(this.path, { force: true });
  }
}
