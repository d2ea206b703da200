import { isOutputHead, Module, type LinearLike, type Parts } from '@tunesmith/nn';
import { ops, scope, type Tensor } from '@tunesmith/tensor';

/** A linear whose input is rounded to int8 first, each token by its own scale: max|x| / 127.5, as compressed-tensors has it; where the largest lies between two levels, the last bit decides. */
class RoundedInputLinear extends Module implements LinearLike {
  constructor(private readonly plain: LinearLike) {
    super(plain.path);
    this.add(plain);
  }

  get weight(): Tensor {
    return this.plain.weight;
  }

  get bias(): Tensor | null {
    return this.plain.bias;
  }

  forward(input: Tensor): Tensor {
    const rounded = scope(() => {
      const scales = ops.clamp(ops.divScalar(ops.amax(ops.abs(input), [-1], true), 127.5), 2 ** -23);
      return ops.mul(ops.clamp(ops.round(ops.div(input, scales)), -128, 127), scales);
    });
    return this.plain.forward(rounded);
  }
}

/** Parts whose linears round their inputs, as a client of W8A8 does; the output head does not. */
export function roundedInputParts(plain: Parts): Parts {
  return { ...plain, linear: (path, ...rest) => (isOutputHead(path) ? plain.linear(path, ...rest) : new RoundedInputLinear(plain.linear(path, ...rest))) };
}
