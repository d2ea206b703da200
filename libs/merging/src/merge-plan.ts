import type { TensorInfo, TensorSource } from '@tunesmith/checkpoints';
import { MergeError } from './merge-error.js';

/** One weight of the result: decided before anything is computed. */
export interface MergeTask {
  readonly name: string;
  /** As in the base; the result is stored in the same type. */
  readonly info: TensorInfo;
  /** Whether the adapter has an update for it. */
  readonly updated: boolean;
}

/**
 * One task per tensor of the base, in its order.
 *
 * @throws MergeError `merge-missing-tensor` / `merge-shape-mismatch` where another model does not have the same tensors,
 *   `adapter-misfit` where the adapter targets a weight that the base does not have.
 */
export function planMerge(base: TensorSource, models: readonly TensorSource[], targets: ReadonlyMap<string, readonly number[]>): readonly MergeTask[] {
  const tasks = [...base.names()].map((name) => Object.freeze({ name, info: base.info(name), updated: targets.has(name) }));
  for (const [index, model] of models.entries()) {
    for (const { name, info } of tasks) {
      if (!model.has(name)) throw new MergeError('merge-missing-tensor', `merge: expected the tensor "${name}" in model ${index + 1}; it has none of that name. Merge models of one architecture.`, { tensor: name, model: index + 1 });
      const { shape } = model.info(name);
      if (shape.join() !== info.shape.join()) {
        throw new MergeError('merge-shape-mismatch', `merge: expected "${name}" of shape [${info.shape.join(', ')}] in model ${index + 1}; got [${shape.join(', ')}]. Merge models of one size and vocabulary.`, { tensor: name, expected: info.shape, got: shape });
      }
    }
  }
  for (const [name, shape] of targets) {
    if (!base.has(name) || base.info(name).shape.join() !== shape.join()) {
      const got = base.has(name) ? `[${base.info(name).shape.join(', ')}]` : 'no such weight';
      throw new MergeError('adapter-misfit', `merge: the adapter updates "${name}" as [${shape.join(', ')}]; the base has ${got}. Give the base that the adapter was trained on.`, { tensor: name, expected: shape });
    }
  }
  return tasks;
}
