import { ops, tensor, type Tensor } from '@tunesmith/tensor';

/**
 * Makes tokens that a row holds already less likely (CTRL, arXiv 1909.05858, as transformers has it): a score above zero is divided by the penalty, one
 * below is multiplied. The logits belong to the caller's step alone, and may be written over. `seen` holds the tokens of each row of the logits [rows, vocabulary]; 1 changes nothing.
 */
export function penalizeRepetition(logits: Tensor, seen: readonly Iterable<number>[], penalty: number): Tensor {
  if (penalty === 1) return logits;
  const [rows, vocabulary] = logits.shape as [number, number];
  const places = seen.flatMap((tokens, row) => [...new Set(tokens)].map((token) => row * vocabulary + token));
  if (places.length === 0) return logits;
  const scores = ops.flatten(ops.toDtype(logits, 'float32')); // [rows * vocabulary]
  const index = tensor(places, { dtype: 'int64', device: logits.device });
  const found = ops.indexSelect(scores, 0, index);
  const above = ops.clamp(found, 0, null);
  const below = ops.clamp(found, null, 0);
  const penalized = ops.add(ops.divScalar(above, penalty), ops.mulScalar(below, penalty));
  return ops.view(ops.indexCopyInPlace(scores, 0, index, penalized), [rows, vocabulary]);
}
