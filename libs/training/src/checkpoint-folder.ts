import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { jsonText, openSafetensors, writeFileAtomically, writeSafetensors } from '@tunesmith/checkpoints';
import type { DType, Tensor } from '@tunesmith/tensor';
import { TrainingError } from './training-error.js';

/** Tensors by name, in shards of one kind: `parameters`, `optimizer`, `method`, `objective`. */
export type TensorGroups = Readonly<Record<string, ReadonlyMap<string, Tensor>>>;

/** What a checkpoint says of itself: its last file, so that a folder without it is no checkpoint. */
export interface CheckpointManifest<Progress = unknown> {
  readonly format: 1;
  /** Steps that are done. */
  readonly step: number;
  /** What the training must be to go on from here. */
  readonly identity: CheckpointIdentity;
  /** What the loop knows beside the tensors. */
  readonly progress: Progress;
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
}

/** Plain data, one key for each thing that must be the same. */
export type CheckpointIdentity = Readonly<Record<string, unknown>>;

const manifestName = 'manifest.json';

const storedDtypes: Readonly<Record<DType, string>> = {
  float64: 'F64', float32: 'F32', float16: 'F16', bfloat16: 'BF16', int64: 'I64', int32: 'I32', int16: 'I16', int8: 'I8', uint8: 'U8', bool: 'BOOL',
};

/** Writes the shards, each synced to the disk, then the manifest. The folder may hold the rest of an earlier try, whose files are replaced. */
export async function writeCheckpoint(folder: string, { groups, ...content }: Omit<CheckpointManifest, 'format' | 'files'> & { readonly groups: TensorGroups }): Promise<void> {
  // Not recursive: where the folder of this writer is gone, a successor has taken over, and nothing more is to be written.
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const files: CheckpointManifest['files'][number][] = [];
  for (const [group, tensors] of Object.entries(groups)) {
    if (tensors.size === 0) continue;
    const entries = [...tensors].map(([name, tensor]) => ({ name, dtype: storedDtypes[tensor.dtype], shape: tensor.shape, bytes: () => tensor.toBytes() }));
    const [path = ''] = await writeSafetensors(join(folder, `${group}.safetensors`), entries, { maxShardBytes: Infinity });
    files.push({ name: basename(path), ...(await sizeAndDigest(path)) });
  }
  await writeFileAtomically(join(folder, manifestName), jsonText({ format: 1, ...content, files } satisfies CheckpointManifest));
}

/** The manifest of a whole checkpoint: every shard is there with its size and digest. @throws TrainingError `checkpoint-damaged`. */
export async function readManifest<Progress>(folder: string): Promise<CheckpointManifest<Progress>> {
  const damaged = (message: string, cause?: unknown): TrainingError => new TrainingError('checkpoint-damaged', `train: expected a whole checkpoint in ${folder}; ${message}`, { folder, cause: String(cause) });
  let manifest: CheckpointManifest<Progress>;
  try {
    manifest = JSON.parse(await readFile(join(folder, manifestName), 'utf8')) as CheckpointManifest<Progress>;
  } catch (error) {
    throw damaged('its manifest is missing or not JSON', error);
  }
  if (manifest.format !== 1) throw damaged(`its format is ${String(manifest.format)}, and this version reads 1`);
  for (const { name, size, sha256 } of manifest.files) {
    const path = join(folder, basename(name));
    const found = (await stat(path).catch(() => undefined))?.size;
    if (found !== size) throw damaged(`${name} should have ${size} bytes and has ${found ?? 'none'}`);
    if ((await sizeAndDigest(path)).sha256 !== sha256) throw damaged(`${name} is not what was written`);
  }
  return manifest;
}

/**
 * Fills the tensors of each group in place, all that were written and no others.
 *
 * @throws TrainingError `checkpoint-mismatch` where names, shapes or types differ.
 */
export async function restoreTensors(folder: string, groups: TensorGroups): Promise<void> {
  for (const [group, tensors] of Object.entries(groups)) {
    if (tensors.size === 0) continue;
    await using source = await openSafetensors(join(folder, `${group}.safetensors`));
    const stored = new Set(source.names());
    const unlike = [...tensors].flatMap(([name, { shape, dtype }]) => {
      if (!stored.delete(name)) return [`${name} is not in it`];
      const info = source.info(name);
      const same = info.dtype === storedDtypes[dtype] && info.shape.length === shape.length && info.shape.every((size, axis) => size === shape[axis]);
      return same ? [] : [`${name} is ${info.dtype} [${info.shape.join(', ')}] there and ${storedDtypes[dtype]} [${shape.join(', ')}] here`];
    });
    unlike.push(...[...stored].map((name) => `${name} is not in this training`));
    if (unlike.length > 0) {
      throw new TrainingError('checkpoint-mismatch', `train: expected the checkpoint's ${group} to be those of this training; ${unlike.slice(0, 5).join('; ')}${unlike.length > 5 ? `; ${unlike.length - 5} more` : ''}.`, { folder, unlike: unlike.slice(0, 20) });
    }
    for (const [name, tensor] of tensors) tensor.writeBytes(await source.read(name));
  }
}

async function sizeAndDigest(path: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return { size: (await stat(path)).size, sha256: hash.digest('hex') };
}
