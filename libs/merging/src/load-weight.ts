import { fromBytes, mapFile, noGrad, ops, scope, type DType, type Tensor } from '@tunesmith/tensor';
import type { InputModel } from './input-model.js';
import { MergeError } from './merge-error.js';
import type { MergeTask } from './merge-plan.js';
import { loraFold } from './methods/lora-fold.js';
import { MergeParameters } from './merge-parameters.js';
import { bytesBefore } from './strips-of.js';
import { weightDtype } from './weight-dtype.js';

/**
 * One weight of an input, or the `rows` of it (of weights that lie in their files as they are, without an update), read by another thread where it lies (what is
 * packed is decoded here), with its adapter folded in, in the type asked for. Not `looked` at: what lies in a file as it is may hold anything. The caller disposes of it.
 *
 * @throws MergeError `merge-parent-not-finite`, and `file-truncated` of the file
 */
export async function loadWeight(input: InputModel, name: string, dtype: DType, rows?: Pick<MergeTask, 'shape' | 'strip'>, looked = true): Promise<Tensor> {
  const { dtype: stored, shape, byteLength } = input.tensors.info(name);
  const place = input.tensors.locate(name);
  const form = { shape: rows?.strip ? rows.shape : shape, dtype: weightDtype(stored) };
  const { tensor, finite } = place ? await mapFile(place.descriptor, place.begin + bytesBefore(rows?.strip, byteLength), form, looked) : decoded(await input.tensors.read(name), form);
  if (!finite) {
    tensor.dispose();
    throw new MergeError('merge-parent-not-finite', `merge: expected finite weights; "${name}" of ${input.name} holds NaN or infinite values. The checkpoint is damaged: fetch it again, or leave the model out.`, { tensor: name, model: input.name });
  }
  const update = input.updates.get(name);
  if (!update && tensor.dtype === dtype) return tensor;
  using given = tensor;
  using folded = update ? await fold(given, name, update) : given;
  return ops.toDtype(folded, dtype, true);
}

/** What lies in no file as it is; whether all of it is finite. */
function decoded(bytes: Uint8Array, form: { readonly shape: readonly number[]; readonly dtype: DType }): { tensor: Tensor; finite: boolean } {
  const tensor = fromBytes(bytes, form);
  return { tensor, finite: scope(() => ops.sumAll(ops.logicalNot(ops.isfinite(tensor))).item() === 0) };
}

async function fold(base: Tensor, name: string, update: NonNullable<ReturnType<InputModel['updates']['get']>>): Promise<Tensor> {
  using own = new DisposableStack();
  const { a, b, magnitude } = await update.read();
  for (const each of [a, b, magnitude]) if (each) own.use(each);
  const lowRank = { a, b, scaling: update.scaling, ...(magnitude && { magnitude }) };
  const input = { name, role: 'other', transposed: false, base, models: [], update: lowRank, seed: 0, findings: null } as const;
  return noGrad(() => scope(() => loraFold.merge(input, new MergeParameters(loraFold, {}, 0))));
}
