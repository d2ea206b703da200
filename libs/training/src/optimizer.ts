import type { Tensor } from '@tunesmith/tensor';

/** A parameter as an optimizer sees it. */
export interface OptimizedParameter {
  readonly name: string;
  readonly tensor: Tensor;
  /** Multiplies the learning rate: B of LoRA+ learns faster than A. Absent: 1. */
  readonly learningRateFactor?: number;
}

/** One file in optimizers/ and one line in `optimizers.ts`. Allocates everything when it is made, so that its state has the same names from the first step on. */
export interface Optimizer extends Disposable {
  /** One update from the gradients that the parameters hold; those without one are left alone. The gradients stay. */
  step(learningRate: number): void;
  zeroGradients(): void;
  /** Everything it remembers between steps, by name: written into a checkpoint, and filled from one in place. */
  state(): Map<string, Tensor>;
}
