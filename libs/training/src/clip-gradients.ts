import { noGrad, ops, scope, type Tensor } from '@tunesmith/tensor';

/**
 * Scales all gradients down together where their common 2-norm is above `maxNorm` (torch.nn.utils.clip_grad_norm_).
 * Returns the norm before clipping; NaN or infinity where a gradient is not finite, and then nothing is changed.
 */
export function clipGradients(parameters: readonly Tensor[], maxNorm: number): number {
  return noGrad(() =>
    scope(() => {
      const gradients = parameters.flatMap((parameter) => parameter.grad ?? []);
      if (gradients.length === 0) return 0;
      const norms = ops.stack(ops.foreachNorm(gradients, 2, 'float32'));
      const total = ops.norm(norms).item();
      // The small number keeps the product below the bound in spite of rounding, as in torch.
      const share = maxNorm / (total + 1e-6);
      if (Number.isFinite(total) && share < 1) ops.foreachMulScalarInPlace(gradients, share);
      return total;
    }),
  );
}
