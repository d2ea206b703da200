import { keep, noGrad, ops, type Tensor } from '@tunesmith/tensor';
import type { OptimizedParameter } from '../optimizer.js';

/**
 * A parameter as an optimizer computes with it, in float32: itself, or where the model computes in something narrower a copy that remembers what
 * rounding would lose.
 */
export class WideParameter implements Disposable {
  /** What to update, in place. */
  readonly value: Tensor;
  readonly #copied: boolean;

  constructor(readonly parameter: OptimizedParameter) {
    const { tensor } = parameter;
    this.#copied = tensor.dtype !== 'float32';
    this.value = this.#copied ? noGrad(() => keep(ops.toDtype(tensor, 'float32', true))) : tensor;
  }

  /** In float32; null where this step gave none. */
  gradient(): Tensor | null {
    const { grad } = this.parameter.tensor;
    return grad && ops.toDtype(grad, 'float32');
  }

  /** Rounds an updated value into the model. */
  write(): void {
    if (this.#copied) ops.copyInPlace(this.parameter.tensor, this.value);
  }

  /** By name, what is not the parameter itself. */
  state(): [string, Tensor][] {
    return this.#copied ? [[`${this.parameter.name}.wide`, this.value]] : [];
  }

  [Symbol.dispose](): void {
    if (this.#copied) this.value.dispose();
  }
}
