import { forgetUnused, markUsed, openGguf, readAdapter } from '@tunesmith/checkpoints';
import { ggufModelConfig } from '@tunesmith/models';
import type { WorkContext } from '@tunesmith/tensor';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { QuantizationError } from '../quantization-error.js';
import { f32 } from '../schemes/f32.js';
import { exportGgufAdapter, type AdaptedModel } from './gguf-adapter.js';

/** A PEFT adapter that stays beside a file. */
export interface FileAdapter {
  readonly folder: string;
  /** Where what was made of it is kept, for whoever asks again; what nobody has asked for in a month is removed. */
  readonly cache: string;
}

/** Of the way in which adapters are written: another one is another file. */
const version = 1;

/**
 * The adapter as the file that llama.cpp applies to a GGUF file of its model, in float32. It is written once for what both are: the adapter by its bytes, the
 * model by its configuration, since all its quantized files take the same. Throws what `exportGgufAdapter` and the readers throw.
 */
export async function ggufAdapterBeside(modelFile: string, { folder, cache }: FileAdapter, context: WorkContext): Promise<string> {
  const base = await adaptedModel(modelFile);
  const path = join(cache, `${await keyOf(base, folder)}.gguf`);
  await mkdir(cache, { recursive: true });
  const isThere = markUsed(path);
  forgetUnused(cache);
  if (isThere) return path;
  await using adapter = await readAdapter(folder);
  // Whole or not at all: others may be at the same.
  const partial = `${path}.${randomUUID()}.part`;
  try {
    await exportGgufAdapter(base, adapter, f32, partial, context);
    await rename(partial, path);
  } catch (error) {
    throw unfit(error, modelFile, folder);
  } finally {
    await rm(partial, { force: true });
  }
  return path;
}

/** A tensor of another shape is one of another model. */
function unfit(error: unknown, modelFile: string, folder: string): unknown {
  if (!(error instanceof QuantizationError) || error.code !== 'tensor-wrong-shape') return error;
  return new QuantizationError({ code: 'adapter-unfit', message: `expected an adapter of the model in ${modelFile}; got that of another one in ${folder}: ${error.message}`, facts: { path: folder, model: modelFile }, cause: error });
}

async function adaptedModel(path: string): Promise<AdaptedModel> {
  await using source = await openGguf(path);
  const { family, config } = await ggufModelConfig(source);
  return { family, config: family.parseConfig(config), name: basename(path) };
}

async function keyOf({ family, config }: AdaptedModel, folder: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([version, family.name, config]));
  for (const file of (await readdir(folder)).filter((name) => name.startsWith('adapter_')).sort()) {
    hash.update(file);
    await pipeline(createReadStream(join(folder, file)), hash, { end: false });
  }
  return hash.digest('hex');
}
