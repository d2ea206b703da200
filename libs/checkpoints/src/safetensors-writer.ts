import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { AtomicFile, writeFileAtomically } from './atomic-file.js';
import { SafetensorsError } from './errors.js';
import { jsonText } from './json-file.js';
import { RandomAccessFile } from './random-access-file.js';
import { divideIntoShards, duplicateTensor, safetensorsBytes, safetensorsHeader, safetensorsIndex, safetensorsOrder, shardNames, type SizedTensor } from './safetensors-plan.js';

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

interface PlannedTensor extends SizedTensor {
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
  const shards = divideIntoShards(tensors, maxShardBytes);
  const stem = path.slice(0, -'.safetensors'.length);
  const paths = shardNames(stem, shards.length);
  const written: string[] = [];
  try {
    for (const [index, shard] of shards.entries()) {
      await using file = await AtomicFile.create(paths[index]!);
      await writeShard(file, shard, metadata);
      await file.commit();
      written.push(paths[index]!);
    }
    if (shards.length > 1) {
      await writeFileAtomically(`${stem}.safetensors.index.json`, jsonText(safetensorsIndex(shards, paths.map((each) => basename(each)))));
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
  await file.write(safetensorsHeader(tensors, metadata, file.path));
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

async function plan(entries: AsyncIterable<SafetensorsEntry> | Iterable<SafetensorsEntry>, spool: Spool): Promise<PlannedTensor[]> {
  const inMemory = Array.isArray(entries);
  const planned = new Map<string, PlannedTensor>();
  for await (const { name, dtype, shape, bytes } of entries) {
    if (planned.has(name)) throw duplicateTensor(name);
    const byteLength = safetensorsBytes({ name, dtype, shape });
    if (typeof bytes !== 'function' && bytes.byteLength !== byteLength) throw sizeMismatch(name, dtype, shape, byteLength, bytes.byteLength);
    const load = typeof bytes === 'function' ? async () => bytes() : inMemory ? async () => bytes : await spool.add(bytes);
    planned.set(name, { name, dtype, shape, byteLength, load });
  }
  await spool.finish();
  return [...planned.values()].sort(safetensorsOrder);
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
