import { ops, type Tensor } from '@tunesmith/tensor';

/** Which models changed which elements of a piece of a weight (RAM, arXiv 2601.13572), in the dtype of the models. */
export interface Contributions {
  /** What each model changed; what it hardly changed is zero. [models, elements] */
  readonly changes: Tensor;
  /** How many models changed each element. [1, elements] */
  readonly counts: Tensor;
  /** One where one model alone changed the element, else zero. [1, elements] */
  readonly alone: Tensor;
  /** One where several did. [1, elements] */
  readonly together: Tensor;
}

/** @param epsilon differences up to it count as none. */
export function contributions(base: Tensor, models: readonly Tensor[], epsilon: number): Contributions {
  const all = ops.stack(models.map((model) => ops.sub(model, base)));
  const changed = ops.toDtype(ops.gtScalar(ops.abs(all), epsilon), all.dtype);
  const counts = ops.sum(changed, 0, true);
  return { changes: ops.mul(all, changed), counts, alone: ops.toDtype(ops.eqScalar(counts, 1), all.dtype), together: ops.toDtype(ops.gtScalar(counts, 1), all.dtype) };
}

/** What several models changed counts once: the mean of their changes. [models, elements], to be summed. */
export function averaged({ changes, counts, together }: Contributions): Tensor {
  return ops.div(ops.mul(changes, together), ops.clamp(counts, 1, null));
}
