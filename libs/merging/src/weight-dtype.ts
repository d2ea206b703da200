import { weightDtypes } from '@tunesmith/checkpoints';
import type { DType } from '@tunesmith/tensor';
import { MergeError } from './merge-error.js';

/** The type of a weight by its safetensors name. @throws MergeError `merge-unsupported-dtype` */
export function weightDtype(name: string): DType {
  const dtype = weightDtypes.get(name);
  if (!dtype) throw new MergeError('merge-unsupported-dtype', `merge: expected weights in ${[...weightDtypes.keys()].join(', ')}; got ${name}. Convert the model first.`, { dtype: name });
  return dtype;
}

/** What safetensors calls a type. */
export function safetensorsDtype(dtype: DType): string {
  return [...weightDtypes].find(([, each]) => each === dtype)![0];
}
