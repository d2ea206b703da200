import { keep, noGrad, ops, scope, zeros, type Tensor } from '@tunesmith/tensor';
import type { OptimizedParameter, Optimizer } from '../optimizer.js';
import type { AdamWOptions } from '../train-options.js';

/** The values of torch.optim.AdamW and of the transformers trainer. */
export const adamWDefaults: AdamWOptions = { kind: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 };

/** What Adam remembers of one parameter. */
interface Moments {
  readonly parameter: OptimizedParameter;
  readonly mean: Tensor;
  readonly square: Tensor;
  /** The fused kernel counts steps per parameter, in float32, because parameters may join late. */
  readonly steps: Tensor;
}

/**
 * Adam with decoupled weight decay (arXiv:1711.05101, algorithm 2), all parameters of one learning rate in one call of libtorch's fused
 * kernel. Dispose of it to free the moments.
 */
export class AdamW implements Optimizer {
  readonly #moments: readonly Moments[];

  constructor(parameters: readonly OptimizedParameter[], private readonly options: Omit<AdamWOptions, 'kind'>) {
    const zerosLike = ({ shape, dtype, device }: Tensor): Tensor => keep(zeros(shape, { dtype, device }));
    this.#moments = parameters.map((parameter) => ({
      parameter, mean: zerosLike(parameter.tensor), square: zerosLike(parameter.tensor), steps: keep(zeros([], { dtype: 'float32' })),
    }));
  }

  step(learningRate: number): void {
    const factors = new Set(this.#moments.map(({ parameter }) => parameter.learningRateFactor ?? 1));
    for (const factor of factors) {
      this.#update(this.#moments.filter(({ parameter }) => (parameter.learningRateFactor ?? 1) === factor), learningRate * factor);
    }
  }

  #update(moments: readonly Moments[], learningRate: number): void {
    const { betas, epsilon, weightDecay } = this.options;
    noGrad(() =>
      scope(() => {
        const moving = moments.flatMap((each) => {
          const gradient = each.parameter.tensor.grad;
          return gradient ? [{ ...each, gradient }] : [];
        });
        if (moving.length === 0) return;
        for (const { steps } of moving) ops.addScalarInPlace(steps, 1);
        ops.fusedAdamwInPlace(
          moving.map(({ parameter }) => parameter.tensor),
          moving.map(({ gradient }) => gradient),
          moving.map(({ mean }) => mean),
          moving.map(({ square }) => square),
          [],
          moving.map(({ steps }) => steps),
          learningRate,
          betas[0],
          betas[1],
          weightDecay,
          epsilon,
          false, // amsgrad
          false, // maximize
        );
      }),
    );
  }

  zeroGradients(): void {
    for (const { parameter } of this.#moments) parameter.tensor.zeroGrad();
  }

  state(): Map<string, Tensor> {
    return new Map(this.#moments.flatMap(({ parameter: { name }, mean, square, steps }) => [[`${name}.mean`, mean] as const, [`${name}.square`, square] as const, [`${name}.steps`, steps] as const]));
  }

  [Symbol.dispose](): void {
    for (const { mean, square, steps } of this.#moments) for (const tensor of [mean, square, steps]) tensor.dispose();
  }
}
