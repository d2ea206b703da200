import { ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import type { WeightReader } from '../weight-reader.js';
import { notFinite } from './float-tensors.js';
import type { LayerMatrix } from './plan-linears.js';

/** The weight of a linear [out, in] in float32, to be disposed of by the caller. Throws QuantizationError `value-not-finite`. */
export async function readLinear(weights: WeightReader, { path, shape, transposed }: LayerMatrix): Promise<Tensor> {
  const name = `${path}.weight`;
  const stored = transposed ? shape.toReversed() : shape;
  const values = await weights.values(name, stored);
  const weight = scope(() => {
    const read = tensor(values, { shape: stored });
    return transposed ? ops.contiguous(ops.t(read)) : read;
  });
  if (scope(() => ops.all(ops.isfinite(weight)).item()) !== 0) return weight;
  weight.dispose();
  throw notFinite(name);
}
