import { elementCount } from '@tunesmith/checkpoints';
import { dtypeBytes } from '@tunesmith/tensor';
import type { InputModel } from './input-model.js';
import type { MergeMethod } from './merge-method.js';
import type { MergeTask, Strip } from './merge-plan.js';

export interface StripsWanted {
  readonly method: MergeMethod;
  readonly inputs: readonly InputModel[];
  /** Undefined where sources keep theirs. */
  readonly vocabulary: unknown;
  /** Results up to here are made whole; of larger ones, strips of about this size. */
  readonly stripBytes: number;
}

/**
 * A task as several, each for some rows of the weight, where the method goes element by element and every source lies in its file as it is: the result of an embedding then needs
 * no more memory than that of any other weight, and memory that has been used before costs nothing. Else the task as it is.
 */
export function stripsOf(task: MergeTask, { method, inputs, vocabulary, stripBytes }: StripsWanted): readonly MergeTask[] {
  const [rows = 0, ...width] = task.shape;
  const rowBytes = elementCount(width) * dtypeBytes[task.outDtype];
  const sources = [...(task.base ? [task.base] : []), ...task.models];
  const asTheyLie = sources.every(({ input, tensor }) => inputs[input]!.tensors.locate(tensor) !== undefined && !inputs[input]!.updates.has(tensor));
  if (!method.elementwise || width.length === 0 || rows * rowBytes <= stripBytes || !asTheyLie || (vocabulary !== undefined && task.role !== 'other')) return [task];
  const height = Math.max(1, Math.floor(stripBytes / rowBytes));
  return Array.from({ length: Math.ceil(rows / height) }, (_, index) => {
    const first = index * height;
    return { ...task, shape: [Math.min(height, rows - first), ...width], strip: { first, of: rows } };
  });
}

/** Where a strip begins in its weight, which has `byteLength` bytes; the whole of it at 0. */
export function bytesBefore(strip: Strip | undefined, byteLength: number): number {
  return strip ? (byteLength / strip.of) * strip.first : 0;
}
