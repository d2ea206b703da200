import type { Optimizer } from '../optimizer.js';

/** Optimizers of different parameters as one. */
export function together(optimizers: readonly Optimizer[]): Optimizer {
  return {
    step(learningRate) {
      for (const each of optimizers) each.step(learningRate);
    },
    zeroGradients() {
      for (const each of optimizers) each.zeroGradients();
    },
    state: () => new Map(optimizers.flatMap((each) => [...each.state()])),
    [Symbol.dispose]() {
      for (const each of optimizers) each[Symbol.dispose]();
    },
  };
}
