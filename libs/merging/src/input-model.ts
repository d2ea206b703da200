import { readAdapter, readModelFolder, type ModelFolder } from '@tunesmith/checkpoints';
import { checkWeights, familyFor, PublishedTensors, type ModelFamily, type WeightName } from '@tunesmith/models';
import { adapterUpdates, type AdapterUpdate } from './adapter-updates.js';
import { roleOf } from './layered-weights.js';

/** A model that takes part in a merge, opened: headers only. */
export interface InputModel extends AsyncDisposable {
  /** As the request wrote it. */
  readonly name: string;
  readonly folder: ModelFolder;
  readonly family: ModelFamily;
  /** The configuration as the family reads it; its keys are the published ones. */
  readonly parsed: Readonly<Record<string, unknown>>;
  /** Every weight that the checkpoint holds, in the family's order. */
  readonly weights: readonly WeightName[];
  readonly tensors: PublishedTensors;
  /** Of its weights, and of the adapter's. */
  readonly weightFiles: readonly string[];
  /** What the adapter does, by weight; empty without one. */
  readonly updates: ReadonlyMap<string, AdapterUpdate>;
  /** Rows of the embedding. */
  readonly vocabularyRows: number;
}

/** Opens a model folder, and an adapter that is to be folded into it. Throws what the readers throw, and ModelWeightsError where weights and configuration disagree. */
export async function openInputModel(name: string, path: string, adapterPath?: string): Promise<InputModel> {
  const opened = new AsyncDisposableStack();
  try {
    const folder = opened.use(await readModelFolder(path));
    const family = familyFor(folder.config);
    const parsed = family.parseConfig(folder.config) as Record<string, unknown>;
    const tensors = new PublishedTensors(folder.tensors, family.weights.tensors(parsed), family.weights.spellings);
    const weights = checkWeights(family.weights, parsed, tensors, path);
    const embedding = weights.find((weight) => roleOf(weight) === 'embedding');
    const adapter = adapterPath === undefined ? undefined : opened.use(await readAdapter(adapterPath));
    return {
      name, folder, family, parsed, weights, tensors,
      weightFiles: [...folder.tensors.files, ...(adapter?.tensors.files ?? [])],
      updates: adapter ? adapterUpdates(adapter, tensors) : new Map(),
      vocabularyRows: embedding ? tensors.info(embedding.huggingFace).shape[0]! : 0,
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}
