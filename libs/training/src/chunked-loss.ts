import { noGrad, ops, scope, zeros, type Tensor } from '@tunesmith/tensor';

/**
 * A loss over the rows of `hidden` that needs the logits of some rows at a time only: the sum of `lossOf` over chunks of rows.
 *
 * @param hidden [rows, width]
 * @param weight [vocabulary, width], the output projection
 * @param lossOf the loss, one number, of the rows from `start` on, given those rows and the weight
 * @returns one number in float32 (float64 for float64)
 *
 * Gradients for hidden and weight are made chunk by chunk in the forward pass, so that no more than one chunk's logits exist (the approach of
 * Liger Kernel, arXiv 2410.10989, section 3.2). What is returned is linear in both: its value is the loss, its derivatives are those gradients.
 */
export function chunkedLoss(hidden: Tensor, weight: Tensor, chunk: number, lossOf: (hidden: Tensor, weight: Tensor, start: number) => Tensor): Tensor {
  const [rows = 0] = hidden.shape;
  const dtype = hidden.dtype === 'float64' ? 'float64' : 'float32';
  const [wantsHidden, wantsWeight] = [wantsGradient(hidden), wantsGradient(weight)];
  const head = weight.detach().setRequiresGrad(wantsWeight);
  const total = noGrad(() => zeros([], { dtype, device: hidden.device }));
  const gradients: Tensor[] = [];
  for (let start = 0; start < rows; start += chunk) {
    const gradient = scope(() => {
      const part = ops.slice(hidden.detach(), 0, start, start + chunk, 1).detach().setRequiresGrad(wantsHidden);
      const loss = ops.toDtype(lossOf(part, head, start), dtype);
      noGrad(() => ops.addInPlace(total, loss.detach()));
      if (loss.requiresGrad) loss.backward();
      return part.grad;
    });
    if (gradient) gradients.push(gradient);
  }
  // Products with what is frozen, minus themselves: nothing but the derivatives is left of them.
  const linear = (tensor: Tensor, gradient: Tensor | null): Tensor | null => {
    if (!gradient) return null;
    const product = ops.toDtype(ops.sumAll(ops.mul(tensor, gradient)), dtype);
    return ops.sub(product, product.detach());
  };
  const terms = [linear(hidden, gradients.length > 0 ? ops.cat(gradients, 0) : null), linear(weight, head.grad)];
  return terms.reduce<Tensor>((sum, term) => (term ? ops.add(sum, term) : sum), total);
}

/** Whether history is being recorded for this tensor: it asks for gradients, and this is not inside noGrad. */
function wantsGradient(tensor: Tensor): boolean {
  return scope(() => ops.narrow(tensor, 0, 0, 0).requiresGrad);
}
