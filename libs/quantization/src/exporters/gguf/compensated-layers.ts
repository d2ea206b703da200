import type { SafetensorsEntry } from '@tunesmith/checkpoints';
import type { EncodedRow } from '@tunesmith/datasets';
import type { WeightName } from '@tunesmith/models';
import { isOutputHead } from '@tunesmith/nn';
import type { WorkContext } from '@tunesmith/tensor';
import { roundLayerToBlocks } from '../../methods/block-gptq.js';
import { dampingBeside } from '../../methods/exact-layer.js';
import type { GgufScheme } from '../../schemes/gguf-scheme.js';
import { calibrationBudget, type CalibrationBudget } from '../hf/calibration-budget.js';
import { FinishedLayers } from '../hf/finished-layers.js';
import { layerMatrices, linearPaths, type LayerMatrix, type LayerPlan } from '../hf/plan-linears.js';
import { layerCount, readLayers } from '../hf/rounded-layers.js';
import { workIdentity } from '../hf/work-identity.js';
import type { SourceModel } from '../source-model.js';
import { toGgufLayout } from './gguf-layout.js';

/** What the weights of a file make up for each other's rounding by. */
export interface Compensation {
  /** Rows for the model to read. */
  readonly rows: readonly EncodedRow[];
  /** The share of the mean of its diagonal that is added to the Hessian. Default `dampingBeside`. */
  readonly damping?: number | undefined;
  /** GiB that reading them may take; rows that do not fit are left out. Default 8. */
  readonly memory?: number | undefined;
  /** Where layers are put that are done, to go on from; it stays for the caller to remove. Default: a folder beside the file, which goes when that is whole. */
  readonly layersFolder?: string | undefined;
}

/**
 * The linears of a model's layers as blocks that are rounded by GPTQ, a layer at a time, each layer on what the rounded ones before it give, beside what the model as
 * it is gives there. They lie in files until they are asked for. Experts that no
 * token reached, embeddings and the output head are not among them.
 */
export class CompensatedLayers implements AsyncDisposable {
  private constructor(
    private readonly done: FinishedLayers,
    private readonly keeps: boolean,
    private readonly entries: ReadonlyMap<string, SafetensorsEntry>,
    readonly budget: CalibrationBudget,
    /** How many an earlier attempt had done. */
    readonly resumedLayers: number,
  ) {}

  /** Works on what is not yet done. `schemes`: of each tensor of the file. Throws what `calibrationBudget` and the rounding throw. */
  static async work(model: SourceModel, schemes: ReadonlyMap<string, GgufScheme>, file: { readonly name: string; readonly path: string }, { rows, damping = dampingBeside, memory = 8, layersFolder }: Compensation, context: WorkContext): Promise<CompensatedLayers> {
    const plan = planBlocks(model, schemes);
    const { kept, budget } = calibrationBudget(model, plan, rows, memory, { beside: true });
    const names = plan.linears.map(({ grid, ...matrix }) => ({ ...matrix, grid: grid.name }));
    const work = await workIdentity(model, ['beside the model as it is', file.name, names, plan.kept, damping, kept.map(({ tokenIds }) => tokenIds)]);
    const done = await FinishedLayers.open(layersFolder ?? `${file.path}.layers`, work, true);
    try {
      const resumedLayers = done.count;
      const total = layerCount(plan);
      if (resumedLayers < total) {
        const reading = { rows: kept, first: done.count, hidden: await done.hidden(), beside: true };
        for await (const { result, hidden } of readLayers(model, plan, reading, (layer) => roundLayerToBlocks(layer, damping), context)) {
          await done.add({ tensors: Array.from(result, ([name, { bytes, shape }]) => ({ name, dtype: 'U8', shape, bytes })), changed: new Map() }, hidden);
          context.onProgress({ phase: `compensating ${file.name}`, done: done.count, total, unit: 'layers' });
        }
      }
      const entries = new Map<string, SafetensorsEntry>();
      for await (const { tensors } of done.read()) for (const entry of tensors) entries.set(entry.name, entry);
      return new CompensatedLayers(done, layersFolder !== undefined, entries, budget, resumedLayers);
    } catch (error) {
      await done[Symbol.asyncDispose]();
      throw error;
    }
  }

  has({ huggingFace }: WeightName): boolean {
    return this.entries.has(huggingFace);
  }

  /** The blocks of a weight, its rows in the order that GGUF has them in. */
  async blocksOf({ huggingFace, transform }: WeightName): Promise<Uint8Array> {
    const { shape: [rows = 0, rowBytes = 0], bytes } = this.entries.get(huggingFace)!;
    const stored = await (bytes as () => Promise<Uint8Array>)();
    if (transform === undefined) return stored;
    const order = toGgufLayout(Float32Array.from({ length: rows }, (_, row) => row), [rows], transform);
    const moved = new Uint8Array(stored.length);
    order.forEach((row, place) => moved.set(stored.subarray(row * rowBytes, (row + 1) * rowBytes), place * rowBytes));
    return moved;
  }

  /** The file is whole. */
  async finish(): Promise<void> {
    if (!this.keeps) await this.done.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.done[Symbol.asyncDispose]();
  }
}

/** Linears of layers, and the blocks that the file has for them; those that it has none for are computed with as they are. */
function planBlocks(model: SourceModel, schemes: ReadonlyMap<string, GgufScheme>): LayerPlan<GgufScheme> {
  const paths = new Set(linearPaths(model).filter((path) => !isOutputHead(path)));
  const linears: (LayerMatrix & { grid: GgufScheme })[] = [];
  const kept: LayerMatrix[] = [];
  for (const { weight, matrix } of layerMatrices(model)) {
    if (!paths.has(matrix.path)) continue;
    const grid = schemes.get(weight.gguf)!;
    if (grid.blockElements > 1) linears.push({ ...matrix, grid });
    else kept.push(matrix);
  }
  return { linears, kept };
}
