import { Module, type LinearLike, type Parts } from '@tunesmith/nn';
import { ops, scope, zeros, type Tensor } from '@tunesmith/tensor';

/** A linear that remembers of each input column the sum of squares. Parts of its kind are never joined, so each sees its own input. */
export class ObservedLinear extends Module implements LinearLike {
  /** [inFeatures], float32 */
  readonly sums: Tensor;
  /** How many rows there were. */
  count = 0;

  constructor(private readonly plain: LinearLike) {
    super(plain.path);
    this.add(plain);
    this.sums = zeros([plain.weight.shape[1]!]);
  }

  get weight(): Tensor {
    return this.plain.weight;
  }

  get bias(): Tensor | null {
    return this.plain.bias;
  }

  forward(input: Tensor): Tensor {
    scope(() => {
      const wide = ops.toDtype(input, 'float32');
      ops.addInPlace(this.sums, ops.sum(ops.mul(wide, wide), [0]));
    });
    this.count += input.shape[0]!;
    return this.plain.forward(input);
  }

  override [Symbol.dispose](): void {
    this.sums.dispose();
    super[Symbol.dispose]();
  }
}

/** Parts whose linears are observed. Routers are left alone: no file quantizes them. */
export function observedParts(plain: Parts): Parts {
  return { ...plain, linear: (...options) => new ObservedLinear(plain.linear(...options)) };
}
