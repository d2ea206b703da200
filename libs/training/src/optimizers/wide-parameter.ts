import { keep, noGrad, ops, type Tensor } from '@tunesmith/tensor';
import type { OptimizedParameter } from '../optimizer.js';

/**
 * A parameter as an optimizer computes with it, in float32: itself, or where the model computes in something narrower a copy that remembers what
 * rounding would lose.
 */
export class WideParameter implements Disposable {
  readonly #copy: Tensor | null;

  constructor(readonly parameter: OptimizedParameter) {
    const { tensor } = parameter;
    this.#copy = tensor.dtype === 'float32' ? null : noGrad(() => keep(ops.toDtype(tensor, 'float32', true)));
  }

  /** What to update, in place. Asked anew in every step: with LISA the tensor of a parameter is that of the layer whose turn it is. */
  get value(): Tensor {
    return this.#copy ?? this.parameter.tensor;
  }

  /** In float32; null where this step gave none. */
  gradient(): Tensor | null {
    const { grad } = this.parameter.tensor;
    return grad && ops.toDtype(grad, 'float32');
  }

  /** Rounds an updated value into the model. */
  write(): void {
    if (this.#copy) ops.copyInPlace(this.parameter.tensor, this.#copy);
  }

  /** By name, what is not the parameter itself. */
  state(): [string, Tensor][] {
    return this.#copy ? [[`${this.parameter.name}.wide`, this.#copy]] : [];
  }

  [Symbol.dispose](): void {
    this.#copy?.dispose();
  }
}
