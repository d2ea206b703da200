import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelSideFiles, readModelFolder, readSideFiles, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { publishedTensors } from '@tunesmith/models';
import { empty, fromBytes, noGrad, ops, scope, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { MergeError } from '../merge-error.js';
import { weightDtype } from '../weight-dtype.js';
import { restoreGroup } from './compress-matrix.js';
import { fingerprintOf, openDelta, tensorName } from './delta-folder.js';
import { unpackCodes } from './pack-codes.js';

export interface RestoreDeltaOptions {
  /** A Hugging Face folder: that of `compressDelta`. */
  readonly base: string;
  readonly delta: string;
}

/**
 * The tuned model that a delta stands for, in the base's dtype, with the tuned model's own configuration and tokenizer.
 *
 * @throws MergeError `delta-unreadable`, `delta-misfit` where the base is another one
 */
export async function restoreDelta({ base: baseFolder, delta }: RestoreDeltaOptions, outFolder: string, context: WorkContext): Promise<{ readonly tensors: number }> {
  await using opened = new AsyncDisposableStack();
  const baseModel = opened.use(await readModelFolder(baseFolder));
  const base = publishedTensors(baseModel.config, baseModel.tensors);
  const { config, tensors } = await openDelta(delta);
  opened.defer(() => tensors.close());
  if ((await fingerprintOf(base)) !== config.base.fingerprint) {
    throw new MergeError('delta-misfit', `restore-delta: expected the base that the delta was taken from${config.base.name === null ? '' : ` (${config.base.name})`}; ${baseFolder} is another model`, { base: config.base.name });
  }
  const names = Object.keys(config.weights);
  let done = 0;
  const entries = names.map((name): SafetensorsEntry => {
    const weight = config.weights[name]!;
    const { dtype, shape } = 'exact' in weight ? tensors.info(name) : base.info(name);
    return {
      name, dtype, shape,
      async bytes() {
        context.signal.throwIfAborted();
        done += 1;
        context.onProgress({ phase: 'restore', done, total: names.length, unit: 'tensors' });
        if ('exact' in weight) return tensors.read(name);
        if (weight.groups.length === 0) return base.read(name);
        using stored = empty(shape, { dtype: weightDtype(dtype) });
        stored.writeBytes(await base.read(name));
        const [out, width] = weight.shape;
        const parts = await Promise.all(weight.groups.map(async ({ rank, bits }, group) => ({
          bits, left: await readVectors(name, group, 'left', rank, bits, out), right: await readVectors(name, group, 'right', rank, bits, width),
        })));
        return noGrad(() => scope(() => {
          const difference = parts.map(({ bits, left, right }) => restoreGroup({ left: left(), right: right() }, bits)).reduce((sum, each) => ops.add(sum, each));
          const restored = ops.add(ops.toDtype(stored, 'float32'), weight.transposed ? ops.t(difference) : difference);
          return ops.contiguous(ops.toDtype(restored, stored.dtype)).toBytes();
        }));
      },
    };
  });
  const files = await readdir(delta);
  const described = async (name: string): Promise<Record<string, unknown>> => JSON.parse(await readFile(join(delta, name), 'utf8')) as Record<string, unknown>;
  await writeModelFolder(outFolder, {
    config: await described('config.json'), generationConfig: files.includes('generation_config.json') ? await described('generation_config.json') : undefined,
    files: await readSideFiles(delta, modelSideFiles.filter((name) => files.includes(name))), tensors: entries,
  });
  return { tensors: names.length };

  async function readVectors(name: string, group: number, part: 'left' | 'right', rank: number, bits: number, length: number): Promise<() => { codes: Tensor; scales: Tensor }> {
    const [packed, scales] = [await tensors.read(tensorName(name, group, part, 'codes')), await tensors.read(tensorName(name, group, part, 'scales'))];
    const scaleShape = tensors.info(tensorName(name, group, part, 'scales')).shape;
    return () => ({ codes: fromBytes(unpackCodes(packed, bits, rank * length), { shape: [rank, length], dtype: 'uint8' }), scales: fromBytes(scales, { shape: scaleShape, dtype: 'float16' }) });
  }
}
