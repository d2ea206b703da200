import type { NativeOperator } from '@tunesmith/native';
import { TensorError } from './errors.js';
import { handleOf, resolve, tensorFrom } from './operator-support.js';
import type { Tensor } from './tensor.js';

const reductions = { none: 0, mean: 1, sum: 2 } as const;

export interface FusedLinearCrossEntropyOptions {
  /** Rows whose logits exist at one time; memory is chunk * vocabulary elements. As many as fit into 128 MB unless told otherwise. */
  readonly chunk?: number;
  /** Rows with this target are left out before anything is computed. */
  readonly ignoreIndex?: number;
  /** A factor for each row [tokens]; the mean divides by their sum. */
  readonly weights?: Tensor | null;
  /** `mean` over the rows that count, `sum`, or `none`: one loss per row, 0 for ignored ones. */
  readonly reduction?: keyof typeof reductions;
  /** Logits z become softcap * tanh(z / softcap); null or absent: as they are. */
  readonly softcap?: number | null;
}

let operator: NativeOperator | undefined;

/**
 * Cross entropy of hidden x weight^T against targets, without ever holding the logits as a whole.
 *
 * @param hidden [tokens, width]
 * @param weight [vocabulary, width], the output projection, of the same dtype
 * @param targets int64 [tokens]
 * @returns the loss in float32 (float64 for float64): one number, or [tokens] for `none`; natural logarithms
 *
 * Gradients for hidden and weight are made in the forward pass (for `none` in backward), and handed out by backward once: a second
 * backward through the same call is refused. Throws when the mean is over nothing, and for a target outside the vocabulary.
 * Source: Liger Kernel, arXiv 2410.10989, section 3.2.
 */
export function fusedLinearCrossEntropy(hidden: Tensor, weight: Tensor, targets: Tensor, options: FusedLinearCrossEntropyOptions = {}): Tensor {
  const { chunk = null, ignoreIndex = -100, weights = null, reduction = 'mean', softcap = null } = options;
  if (!Object.hasOwn(reductions, reduction)) {
    throw new TensorError({ message: `fusedLinearCrossEntropy: expected the reduction mean, sum or none, got '${String(reduction)}'`, code: 'argument-type' });
  }
  operator ??= resolve('tunesmith::fused_linear_cross_entropy', '');
  return tensorFrom(operator(handleOf(hidden), handleOf(weight), handleOf(targets), handleOf(weights), chunk, ignoreIndex, reductions[reduction], softcap));
}
