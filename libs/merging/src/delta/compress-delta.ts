import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder, readModelFolder, readSideFiles, writeModelFiles, writeSafetensors, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { noGrad, ops, scope, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { examineMerge, type Foresight } from '../examine-merge.js';
import { MergeError } from '../merge-error.js';
import { openTunedWeights } from '../tuned-weights.js';
import { compressMatrix, planRanks, type CompressedGroup, type PrecisionGroup } from './compress-matrix.js';
import { deltaWeightsName, fingerprintOf, tensorName, writeDeltaConfig, type DeltaConfig } from './delta-folder.js';
import { packCodes } from './pack-codes.js';
import { restoreDelta } from './restore-delta.js';

export interface CompressDeltaOptions {
  /** Hugging Face folders. */
  readonly base: string;
  readonly model: string;
  /** The paper's 8, 3 and 2 bits for 2, 32 and the remaining vectors when left out. */
  readonly groups?: readonly PrecisionGroup[];
  /** Bits for each weight of a matrix, scales included; 1 when left out: a sixteenth of bfloat16. */
  readonly bitsPerWeight?: number;
  readonly baseName?: string | null;
  /** Whether the restored model is compared with the tuned one and the base by perplexity. */
  readonly perplexity?: boolean;
  readonly datasetFolder?: string;
}

export interface DeltaCompression {
  readonly matrices: number;
  /** Norms, biases and the like, stored whole. */
  readonly exactWeights: number;
  readonly bytes: number;
  /** Bytes of the tuned model over bytes of the delta. */
  readonly ratio: number;
  /** What of the change (root of the sum of squares over all weights) is lost, as a share. */
  readonly lostShare: number;
  /** The matrices that lost the largest share of their own change. */
  readonly worst: readonly { readonly name: string; readonly lostShare: number }[];
  /** How well each foresees a text; null where that was not asked for, or could not be done. */
  readonly foresight: { readonly restored: Foresight; readonly tuned: Foresight; readonly base: Foresight } | null;
  readonly seconds: number;
}

export const paperGroups: readonly PrecisionGroup[] = [{ rank: 2, bits: 8 }, { rank: 32, bits: 3 }, { rank: null, bits: 2 }];
const shownMatrices = 5;

/**
 * What tuning changed, in about a bit for each weight: the differences of matrices by their singular vectors, the larger the more bits (Delta-CoMe, arXiv 2406.08903). Many tuned
 * models of one base are kept and served so. `restoreDelta` makes the model again.
 *
 * @throws MergeError `wrong-merge-parameter`, and what `openTunedWeights` throws
 */
export async function compressDelta(options: CompressDeltaOptions, outFolder: string, context: WorkContext): Promise<DeltaCompression> {
  const started = performance.now();
  const { groups = paperGroups, bitsPerWeight = 1, baseName = null, perplexity = true } = options;
  checkPrecision(groups, bitsPerWeight);
  await using tuned = await openTunedWeights(options.base, options.model);
  await using folder = await readModelFolder(options.model);
  const weights: DeltaConfig['weights'] = {};
  const losses: { name: string; all: number; lost: number }[] = [];
  let exactWeights = 0;

  async function* entries(): AsyncIterable<SafetensorsEntry> {
    for (const [index, weight] of tuned.weights.entries()) {
      context.signal.throwIfAborted();
      const name = weight.huggingFace;
      if (weight.shape.length !== 2) {
        const info = tuned.model.info(name);
        weights[name] = { exact: true };
        exactWeights += 1;
        yield { name, dtype: info.dtype, shape: info.shape, bytes: await tuned.model.read(name) };
      } else {
        using difference = await tuned.difference(weight);
        const shape: [number, number] = [difference.shape[0]!, difference.shape[1]!];
        const made = noGrad(() => scope(() => {
          const all = squares(difference);
          if (all === 0) return { all, lost: 0, ranks: [], parts: [] };
          const { groups: compressed, rest } = compressMatrix(difference, planRanks(shape, groups, bitsPerWeight));
          return { all, lost: squares(rest), ranks: compressed.map(({ rank, bits }) => ({ rank, bits })), parts: compressed.flatMap((group, place) => groupEntries(name, place, group)) };
        }));
        weights[name] = { shape, transposed: weight.stored === 'transposed', groups: made.ranks };
        losses.push({ name, all: made.all, lost: made.lost });
        yield* made.parts;
      }
      context.onProgress({ phase: 'compress', done: index + 1, total: tuned.weights.length, unit: 'tensors' });
    }
  }

  const files = await readSideFiles(options.model, folder.sideFiles);
  await makeFolder(outFolder);
  await writeModelFiles(outFolder, { config: folder.config, generationConfig: folder.generationConfig, files });
  await writeSafetensors(join(outFolder, deltaWeightsName), entries(), { metadata: { format: 'tunesmith-delta' }, maxShardBytes: Number.MAX_SAFE_INTEGER });
  await writeDeltaConfig(outFolder, { format: 'tunesmith-delta', version: 1, base: { fingerprint: await fingerprintOf(tuned.base), name: baseName }, weights });

  const modelBytes = [...tuned.model.names()].reduce((sum, name) => sum + tuned.model.info(name).byteLength, 0);
  const bytes = bytesOf(weights, tuned.model.info.bind(tuned.model));
  const [all, lost] = [losses.reduce((sum, each) => sum + each.all, 0), losses.reduce((sum, each) => sum + each.lost, 0)];
  const worst = losses.filter((each) => each.all > 0).map((each) => ({ name: each.name, lostShare: Math.sqrt(each.lost / each.all) })).sort((one, other) => other.lostShare - one.lostShare);
  const foresight = perplexity ? await compareRestored(options, outFolder, context) : null;
  return {
    matrices: losses.length, exactWeights, bytes, ratio: modelBytes / bytes, lostShare: all === 0 ? 0 : Math.sqrt(lost / all), worst: worst.slice(0, shownMatrices), foresight, seconds: (performance.now() - started) / 1000,
  };
}

function checkPrecision(groups: readonly PrecisionGroup[], bitsPerWeight: number): void {
  const wrong = (parameter: string, expected: string, got: unknown): never => {
    throw new MergeError('wrong-merge-parameter', `compress-delta.${parameter}: expected ${expected}; got ${JSON.stringify(got)}`, { parameter });
  };
  if (!(bitsPerWeight > 0 && bitsPerWeight <= 16)) wrong('bitsPerWeight', 'a number above 0, at most 16', bitsPerWeight);
  if (groups.length === 0) wrong('groups', 'at least one group of singular vectors', groups);
  for (const { rank, bits } of groups) {
    if (!Number.isInteger(bits) || bits < 1 || bits > 8) wrong('groups', 'from 1 to 8 bits', bits);
    if (rank !== null && (!Number.isInteger(rank) || rank < 1)) wrong('groups', 'a rank of at least 1, or null for what the budget leaves', rank);
  }
}

function groupEntries(name: string, place: number, { bits, left, right }: CompressedGroup): SafetensorsEntry[] {
  return ([['left', left], ['right', right]] as const).flatMap(([part, { codes, scales }]) => {
    const packed = packCodes(new Uint8Array(codes.toBytes().buffer), bits);
    return [
      { name: tensorName(name, place, part, 'codes'), dtype: 'U8', shape: [packed.length], bytes: packed },
      { name: tensorName(name, place, part, 'scales'), dtype: 'F16', shape: [...scales.shape], bytes: scales.toBytes() },
    ];
  });
}

function bytesOf(weights: DeltaConfig['weights'], info: (name: string) => { readonly byteLength: number }): number {
  return Object.entries(weights).reduce((sum, [name, weight]) => {
    if ('exact' in weight) return sum + info(name).byteLength;
    const [out, width] = weight.shape;
    return sum + weight.groups.reduce((total, { rank, bits }) => total + Math.ceil((rank * out * bits) / 8) + Math.ceil((rank * width * bits) / 8) + 2 * rank * (Math.ceil(out / 64) + Math.ceil(width / 64)), 0);
  }, 0);
}

function squares(matrix: Tensor): number {
  return ops.sumAll(ops.square(matrix), 'float64').item();
}

/** The restored model is written beside the delta for the time of the comparison. */
async function compareRestored({ base, model, datasetFolder }: CompressDeltaOptions, deltaFolder: string, context: WorkContext): Promise<DeltaCompression['foresight']> {
  const scratch = await mkdtemp(join(dirname(deltaFolder), '.restored-'));
  try {
    const restored = join(scratch, 'model');
    await restoreDelta({ base, delta: deltaFolder }, restored, context);
    const parents = [{ name: 'tuned', folder: model }, { name: 'base', folder: base }];
    const { result, parents: compared } = await examineMerge({ folder: restored, parents, datasetFolder, perplexity: true }, context);
    const [tuned, untuned] = compared;
    return result && tuned && untuned ? { restored: result, tuned: foresightOf(tuned), base: foresightOf(untuned) } : null;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function foresightOf({ perplexity, bitsPerByte }: Foresight): Foresight {
  return { perplexity, bitsPerByte };
}
