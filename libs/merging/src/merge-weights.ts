import { elementCount } from '@tunesmith/checkpoints';
import { dtypeBytes, noGrad, ops, scope, type Tensor, type WorkContext } from '@tunesmith/tensor';
import type { InputModel } from './input-model.js';
import { loadWeight } from './load-weight.js';
import { MergeError } from './merge-error.js';
import type { MergeInput, MergeMethod } from './merge-method.js';
import type { MergeTask, TaskSource } from './merge-plan.js';
import { runPipeline } from './run-pipeline.js';
import { stripsOf } from './strips-of.js';
import { tensorSeed } from './tensor-seed.js';
import { alignRows } from './vocabulary/align-rows.js';
import type { MergedVocabulary } from './vocabulary/merge-vocabularies.js';

/** What reading ahead may hold, unless a single weight needs more: enough to keep the threads that read and write busy. */
const readAheadBytes = 96 * 2 ** 20;
/** The same where a method goes element by element: strips that were read wait in the caches, not in memory. */
const stripsAheadBytes = 48 * 2 ** 20;

export interface MergeWork {
  readonly method: MergeMethod;
  readonly inputs: readonly InputModel[];
  readonly vocabulary: MergedVocabulary | undefined;
  readonly seed: number;
  readonly stripBytes: number;
}

interface Weights {
  readonly base: Tensor | null;
  readonly models: readonly Tensor[];
}

/** Makes the weights of tasks, one after the other, large ones in strips where that is possible, each read ahead, and hands each to `keep`, which tells whether all of the weight has come. */
export async function mergeWeights(tasks: readonly MergeTask[], findings: ReadonlyMap<string, readonly number[]>, work: MergeWork, keep: (task: MergeTask, merged: Tensor) => Promise<boolean>, context: WorkContext): Promise<void> {
  let done = 0;
  await runPipeline(tasks.flatMap((task) => stripsOf(task, work)), work.method.elementwise ? stripsAheadBytes : readAheadBytes, {
    cost: bytesOf,
    fetch: (task) => loadSources(task, work, context.signal, work.method.keepsNotFinite !== true),
    make(task, weights) {
      try {
        context.signal.throwIfAborted();
        return mergeOne(task, weights, findings.get(task.name) ?? null, work);
      } finally {
        disposeAll(weights);
      }
    },
    async putAway(task, merged) {
      try {
        if (!(await keep(task, merged))) return;
      } catch (error) {
        if (error instanceof MergeError && error.code === 'merge-not-finite') await expectFiniteSources(task, work, context.signal);
        throw error;
      } finally {
        merged.dispose();
      }
      done += 1;
      context.onProgress({ phase: 'merge', done, total: tasks.length, unit: 'tensors' });
    },
    discard: disposeAll,
  });
}

/** The first pass of methods that must have seen every weight: what each weight's numbers say of it. */
export async function surveyWeights(tasks: readonly MergeTask[], work: MergeWork, context: WorkContext): Promise<ReadonlyMap<string, readonly number[]>> {
  const { survey } = work.method;
  const [first] = tasks;
  if (!survey || !first || !survey.needed(first.parameters)) return new Map();
  const measured = new Map<string, readonly number[]>();
  const measurable = tasks.filter((task) => !isBaseAlone(task, work));
  await runPipeline(measurable, readAheadBytes, {
    cost: (task) => ({ all: bytesOf(task).all, kept: 0 }),
    fetch: (task) => loadSources(task, work, context.signal),
    make(task, weights) {
      try {
        context.signal.throwIfAborted();
        measured.set(task.name, noGrad(() => scope(() => survey.measure(inputOf(task, weights, null, work), task.parameters))));
      } finally {
        disposeAll(weights);
      }
    },
    putAway() {
      context.onProgress({ phase: 'survey', done: measured.size, total: measurable.length, unit: 'tensors' });
      return Promise.resolve();
    },
    discard: disposeAll,
  });
  return survey.conclude(measured, first.parameters);
}

/** Where a slice has no model besides the base. */
function isBaseAlone({ models }: MergeTask, { method }: MergeWork): boolean {
  return models.length === 0 && method.takes.kind === 'models';
}

function mergeOne(task: MergeTask, weights: Weights, findings: readonly number[] | null, work: MergeWork): Tensor {
  const merge = (): Tensor => (isBaseAlone(task, work) ? weights.base! : work.method.merge(inputOf(task, weights, findings, work), task.parameters));
  // A handle of its own: a method may give back one of its inputs, which are about to be disposed of.
  const merged = noGrad(() => scope(() => ops.detach(ops.contiguous(ops.toDtype(merge(), task.outDtype)))));
  if (merged.shape.join() !== task.shape.join()) {
    throw new MergeError('merge-shape-mismatch', `merge: expected "${task.name}" of shape [${task.shape.join(', ')}]; ${work.method.name} made [${merged.shape.join(', ')}]`, { tensor: task.name });
  }
  return merged;
}

function inputOf({ name, role, transposed, outDtype }: MergeTask, { base, models }: Weights, findings: readonly number[] | null, { method, seed }: MergeWork): MergeInput {
  // An adapter has been folded in while the weight was loaded.
  const folded = method.takes.kind === 'adapter' ? { base: base ?? models[0]!, models: [] } : { base, models };
  return { name, role, transposed, ...folded, update: null, seed: tensorSeed(seed, name), findings, outDtype };
}

async function loadSources(task: MergeTask, { inputs, vocabulary }: MergeWork, signal: AbortSignal, looked = true): Promise<Weights> {
  signal.throwIfAborted();
  const { base, baseInput, models, role, dtype } = task;
  const sources: readonly TaskSource[] = base ? [base, ...models] : models;
  const loaded: Tensor[] = vocabulary && role !== 'other'
    ? await alignRows(sources.map(({ input, tensor }) => ({ input, load: () => loadWeight(inputs[input]!, tensor, dtype) })), vocabulary, baseInput)
    : await loadAll(sources.map(({ input, tensor }) => loadWeight(inputs[input]!, tensor, dtype, task, looked)));
  return base ? { base: loaded[0]!, models: loaded.slice(1) } : { base: null, models: loaded };
}

/** Throws what tells which source is to blame for a result, if one is. */
async function expectFiniteSources(task: MergeTask, work: MergeWork, signal: AbortSignal): Promise<void> {
  disposeAll(await loadSources(task, work, signal));
}

/** All, or none and the first failure. */
async function loadAll(loads: readonly Promise<Tensor>[]): Promise<Tensor[]> {
  const settled = await Promise.allSettled(loads);
  const failed = settled.find((each) => each.status === 'rejected');
  if (!failed) return settled.map((each) => (each as PromiseFulfilledResult<Tensor>).value);
  for (const each of settled) if (each.status === 'fulfilled') each.value.dispose();
  throw failed.reason;
}

function disposeAll({ base, models }: Weights): void {
  base?.dispose();
  for (const each of models) each.dispose();
}

/** Of all sources and the result. */
function bytesOf({ shape, base, models, dtype, outDtype }: MergeTask): { all: number; kept: number } {
  const size = elementCount(shape);
  const kept = size * dtypeBytes[outDtype];
  return { all: size * (models.length + (base ? 1 : 0)) * dtypeBytes[dtype] + kept, kept };
}
