import { Module, project, type LinearLike } from '@tunesmith/nn';
import { ops, scope, type Tensor } from '@tunesmith/tensor';

/** The weight [out, in] to multiply this input [tokens, in] with. */
export type Visit = (input: Tensor) => Tensor;

/** A linear without a weight of its own: whoever works on its layer gives one when its input is there. */
export class VisitedLinear extends Module implements LinearLike {
  readonly bias: Tensor | null;
  #visit: Visit | undefined;

  constructor(
    path: string,
    readonly shape: readonly [outFeatures: number, inFeatures: number],
    bias: Tensor | null,
  ) {
    super(path);
    this.bias = bias && this.parameter('bias', bias);
  }

  get weight(): Tensor {
    throw new RangeError(`${this.path} has no weight of its own`);
  }

  /** Undefined ends it. */
  visitedBy(visit: Visit | undefined): void {
    this.#visit = visit;
  }

  forward(input: Tensor): Tensor {
    const visit = this.#visit;
    if (!visit) throw new RangeError(`${this.path} was not given a visitor`);
    const weight = visit(input);
    return scope(() => project(input, ops.toDtype(weight, input.dtype), this.bias));
  }
}
