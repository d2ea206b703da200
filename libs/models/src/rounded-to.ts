import { ops, type Tensor } from '@tunesmith/tensor';

/** A single number, rounded to the type of `like`, [tokens, hidden], and in its place: for models that round a factor before they multiply. */
export function roundedTo(value: number, like: Tensor): Tensor {
  return ops.fullLike(ops.select(ops.select(like, 0, 0), 0, 0), value);
}
