import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FileReadError, SafetensorsError } from './errors.js';
import { isPlainObject, readJsonFile } from './json-file.js';
import { PlacedTensors, type PlacedTensor } from './placed-tensors.js';
import { RandomAccessFile } from './random-access-file.js';
import { parseSafetensorsHeader, safetensorsHeaderLength } from './safetensors-header.js';
import type { TensorSource } from './tensor-source.js';

/** The file that lists which shard holds which tensor. */
export const safetensorsIndexName = 'model.safetensors.index.json';

/** Tensors of one safetensors file or of a sharded set. */
export interface SafetensorsSource extends TensorSource {
  /** `__metadata__` of the file, or of the first shard. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Paths of the files that hold the tensors. */
  readonly files: readonly string[];
}

/**
 * Opens a safetensors file, or a folder with `model.safetensors` or `model.safetensors.index.json` and its shards. Reads and checks the
 * headers only. Throws SafetensorsError for every breach of the format, FileReadError where a file is missing.
 */
export async function openSafetensors(path: string): Promise<SafetensorsSource> {
  const status = await stat(path).catch(() => undefined);
  if (!status?.isDirectory()) return ShardedSafetensors.open([path]);
  const single = join(path, 'model.safetensors');
  if (await exists(single)) return ShardedSafetensors.open([single]);
  const index = join(path, safetensorsIndexName);
  if (await exists(index)) {
    const shards = await readIndex(index);
    const files = [...new Set(shards.values())];
    const missing: string[] = [];
    for (const name of files) if (!(await exists(join(path, name)))) missing.push(name);
    if (missing.length > 0) {
      throw new FileReadError({
        code: 'file-unreadable',
        message: `${path} lacks ${missing.length} of the ${files.length} weight files that its ${safetensorsIndexName} names: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}. The download was not finished: fetch them too.`,
        facts: { path, missing },
      });
    }
    const source = await ShardedSafetensors.open(files.map((name) => join(path, name)));
    try {
      source.checkAgainst(shards, index);
    } catch (error) {
      await source.close();
      throw error;
    }
    return source;
  }
  throw new FileReadError({
    code: 'file-missing',
    message: `${path} has neither model.safetensors nor ${safetensorsIndexName}.`,
    facts: { path },
  });
}

class ShardedSafetensors extends PlacedTensors implements SafetensorsSource {
  private constructor(
    opened: readonly RandomAccessFile[],
    tensors: ReadonlyMap<string, PlacedTensor>,
    readonly metadata: ReadonlyMap<string, string>,
  ) {
    super(opened, tensors);
  }

  static async open(paths: readonly string[]): Promise<ShardedSafetensors> {
    const opened: RandomAccessFile[] = [];
    try {
      const tensors = new Map<string, PlacedTensor>();
      let metadata: ReadonlyMap<string, string> | undefined;
      for (const path of paths) {
        const file = await RandomAccessFile.open(path);
        opened.push(file);
        const length = safetensorsHeaderLength(await file.read(0, Math.min(8, file.size)), file.size, path);
        const header = parseSafetensorsHeader(await file.read(8, length), file.size, path);
        metadata ??= header.metadata;
        for (const tensor of header.tensors.values()) {
          const earlier = tensors.get(tensor.name);
          if (earlier) {
            throw new SafetensorsError({
              code: 'safetensors-duplicate-tensor',
              message: `Tensor ${tensor.name} stands in both ${earlier.file.path} and ${path}.`,
              facts: { tensor: tensor.name, files: [earlier.file.path, path] },
            });
          }
          tensors.set(tensor.name, { ...tensor, file });
        }
      }
      return new ShardedSafetensors(opened, tensors, metadata ?? new Map());
    } catch (error) {
      await Promise.all(opened.map((file) => file.close()));
      throw error;
    }
  }

  /** The index and the shards must name the same tensors in the same files. */
  checkAgainst(shards: ReadonlyMap<string, string>, index: string): void {
    for (const [name, shard] of shards) {
      const tensor = this.tensors.get(name);
      if (!tensor || basename(tensor.file.path) !== shard) {
        throw new SafetensorsError({
          code: 'safetensors-index-mismatch',
          message: `${index} places tensor ${name} in ${shard}, which ${tensor ? `is not where it stands (${basename(tensor.file.path)})` : 'does not hold it'}.`,
          facts: { index, tensor: name, shard },
        });
      }
    }
    for (const name of this.tensors.keys()) {
      if (!shards.has(name)) {
        throw new SafetensorsError({ code: 'safetensors-index-mismatch', message: `${index} does not list tensor ${name}.`, facts: { index, tensor: name } });
      }
    }
  }

  protected override missing(message: string, facts: Readonly<Record<string, unknown>>): SafetensorsError {
    return new SafetensorsError({ code: 'safetensors-tensor-missing', message, facts });
  }
}

/** Tensor name to shard file name. Only plain names are accepted: an index must not reach outside its folder. */
async function readIndex(path: string): Promise<ReadonlyMap<string, string>> {
  const index = await readJsonFile(path);
  const map = isPlainObject(index) ? index.weight_map : undefined;
  if (!isPlainObject(map)) {
    throw new SafetensorsError({ code: 'safetensors-bad-index', message: `${path} has no weight_map object.`, facts: { path } });
  }
  const shards = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string' || !/^[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors$/.test(shard)) {
      throw new SafetensorsError({
        code: 'safetensors-bad-index',
        message: `${path}: tensor ${name} is placed in ${JSON.stringify(shard)}; a plain file name ending in .safetensors is expected.`,
        facts: { path, tensor: name, shard },
      });
    }
    shards.set(name, shard);
  }
  if (shards.size === 0) throw new SafetensorsError({ code: 'safetensors-bad-index', message: `${path} lists no tensors.`, facts: { path } });
  return shards;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
