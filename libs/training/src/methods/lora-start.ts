import type { LoraLinear } from '@tunesmith/nn';
import { keep, noGrad, ops, scope, type Tensor } from '@tunesmith/tensor';
import { leadingDirections } from '../leading-directions.js';
import { TrainingError } from '../training-error.js';

/** A [rank, in] and B [out, rank] as they began, float32; the caller's to dispose of. */
export interface WeightStart {
  readonly a: Tensor;
  readonly b: Tensor;
}

/**
 * Lets A and B begin as a part of the weight and takes that part out of the frozen one, so that the model is what it was: by its leading singular
 * directions (PiSSA, arXiv 2404.02948, equations 2 to 4), or by the first columns of its QR decomposition (OLoRA, arXiv 2406.01775,
 * algorithm 1). Computed in float32 as in PEFT; a bfloat16 weight keeps what is left to its own precision.
 *
 * @throws TrainingError `rank-too-large` where the rank exceeds the weight's smaller side.
 */
export function startFromWeight({ base, path, rank, scaling, loraA, loraB }: LoraLinear, kind: 'pissa' | 'olora'): WeightStart {
  const smaller = Math.min(...base.weight.shape);
  if (rank > smaller) {
    throw new TrainingError('rank-too-large', `train: expected a rank of at most ${smaller} for ${path} [${base.weight.shape.join(', ')}] with initialization ${kind}; got ${rank}. Try a lower rank, or initialization zero.`, { path, rank, most: smaller });
  }
  return noGrad(() =>
    scope(() => {
      const weight = ops.toDtype(base.weight, 'float32', true);
      const { a, b } = kind === 'pissa' ? principal(weight, rank, scaling) : orthonormal(weight, rank);
      ops.copyInPlace(loraA, a);
      ops.copyInPlace(loraB, b);
      ops.copyInPlace(base.weight, ops.addmm(weight, loraB, loraA, 1, -scaling));
      return { a: keep(ops.clone(loraA)), b: keep(ops.clone(loraB)) };
    }),
  );
}

/** W ≈ U S Vᵀ: A = √(S / scaling) Vᵀ, B = U √(S / scaling), so that scaling · B A is the best approximation of W of this rank. */
function principal(weight: Tensor, rank: number, scaling: number): WeightStart {
  const { left, values, right } = leadingDirections(weight, rank);
  const roots = ops.sqrt(ops.divScalar(values, scaling)); // [rank]
  return { a: ops.mul(ops.unsqueeze(roots, 1), right), b: ops.mul(left, roots) };
}

/** W = Q R: A = the first rows of R, B = the first columns of Q. */
function orthonormal(weight: Tensor, rank: number): WeightStart {
  const [q, r] = ops.qr(weight);
  return { a: ops.narrow(r, 0, 0, rank), b: ops.narrow(q, 1, 0, rank) };
}
