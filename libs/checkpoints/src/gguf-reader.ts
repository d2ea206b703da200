import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { GgufError } from './errors.js';
import { parseGgufHeader } from './gguf-header.js';
import type { GgufMetadata } from './gguf-metadata.js';
import { PlacedTensors, type PlacedTensor } from './placed-tensors.js';
import { RandomAccessFile } from './random-access-file.js';
import type { TensorSource } from './tensor-source.js';

/** Tensors of one GGUF file or of a set of shards. `info().dtype` is a ggml type name; bytes are as stored. */
export interface GgufSource extends TensorSource {
  /** Of the first file. */
  readonly metadata: GgufMetadata;
  readonly version: number;
  readonly files: readonly string[];
}

/**
 * Opens a GGUF file, or the first file `NAME-00001-of-0000N.gguf` of a set, whose others must lie beside it. Reads and checks the headers
 * only. Throws GgufError for every breach of the format.
 */
export async function openGguf(path: string): Promise<GgufSource> {
  const opened: RandomAccessFile[] = [];
  try {
    const first = await openOne(path, opened);
    const shardCount = first.header.metadata.optionalNumber('split.count') ?? 1;
    const tensors = new Map<string, PlacedTensor>();
    place(first, tensors);
    if (shardCount > 1) {
      for (const shardPath of shardPaths(path, shardCount, first.header.metadata).slice(1)) {
        const shard = await openOne(shardPath, opened).catch((cause: unknown) => {
          if (existsSync(shardPath)) throw cause;
          throw new GgufError({ code: 'gguf-shard-missing', message: `${path} is the first of ${shardCount} files; ${basename(shardPath)} is not beside it. Put all of them into one folder.`, facts: { path, missing: shardPath }, cause });
        });
        checkShard(shard.header.metadata, opened.length - 1, shardCount, shardPath);
        place(shard, tensors);
      }
      const expected = first.header.metadata.optionalNumber('split.tensors.count');
      if (expected !== undefined && expected !== tensors.size) {
        throw new GgufError({
          code: 'gguf-shard-mismatch',
          message: `The ${shardCount} files of ${basename(path)} hold ${tensors.size} tensors together, split.tensors.count says ${expected}.`,
          facts: { path, expected, found: tensors.size },
        });
      }
    }
    return new OpenedGguf(opened, tensors, first.header.metadata, first.header.version);
  } catch (error) {
    await Promise.all(opened.map((file) => file.close()));
    throw error;
  }
}

async function openOne(path: string, opened: RandomAccessFile[]) {
  const file = await RandomAccessFile.open(path);
  opened.push(file);
  return { file, header: parseGgufHeader(file) };
}

function place({ file, header }: Awaited<ReturnType<typeof openOne>>, tensors: Map<string, PlacedTensor>): void {
  for (const tensor of header.tensors.values()) {
    const earlier = tensors.get(tensor.name);
    if (earlier) {
      throw new GgufError({
        code: 'gguf-duplicate-tensor',
        message: `Tensor ${tensor.name} stands in both ${earlier.file.path} and ${file.path}.`,
        facts: { tensor: tensor.name, files: [earlier.file.path, file.path] },
      });
    }
    tensors.set(tensor.name, { ...tensor, file });
  }
}

function shardPaths(path: string, count: number, metadata: GgufMetadata): string[] {
  const match = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/.exec(basename(path));
  const number = metadata.optionalNumber('split.no');
  if (!match || Number(match[3]) !== count || count > 99_999 || number !== Number(match[2]) - 1) {
    throw new GgufError({
      code: 'gguf-shard-mismatch',
      message: `${path} says it is file ${number} (counting from 0) of ${count}; its name should be NAME-00001-of-${String(count).padStart(5, '0')}.gguf or the like.`,
      facts: { path, number, count },
    });
  }
  if (number !== 0) {
    const first = basename(path).replace(/-\d{5}-of-/, '-00001-of-');
    throw new GgufError({ code: 'gguf-not-first-shard', message: `${path} is file ${match[2]} of ${count}; give the first one: ${first}.`, facts: { path, first } });
  }
  return Array.from({ length: count }, (_, i) => join(dirname(path), `${match[1]}-${String(i + 1).padStart(5, '0')}-of-${match[3]}.gguf`));
}

function checkShard(metadata: GgufMetadata, number: number, count: number, path: string): void {
  if (metadata.optionalNumber('split.no') !== number || metadata.optionalNumber('split.count') !== count) {
    throw new GgufError({
      code: 'gguf-shard-mismatch',
      message: `${path} should be file ${number} (counting from 0) of ${count}, but says ${String(metadata.get('split.no'))} of ${String(metadata.get('split.count'))}.`,
      facts: { path, number, count },
    });
  }
}

class OpenedGguf extends PlacedTensors implements GgufSource {
  constructor(
    opened: readonly RandomAccessFile[],
    tensors: ReadonlyMap<string, PlacedTensor>,
    readonly metadata: GgufMetadata,
    readonly version: number,
  ) {
    super(opened, tensors);
  }

  protected override missing(message: string, facts: Readonly<Record<string, unknown>>): GgufError {
    return new GgufError({ code: 'gguf-tensor-missing', message, facts });
  }
}
