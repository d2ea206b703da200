import { keep, noGrad, ops, scope, zeros, type Tensor } from '@tunesmith/tensor';

export interface AdamWOptions {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** The values of torch.optim.AdamW and of the transformers trainer. */
export const adamWDefaults: AdamWOptions = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 };

/**
 * Adam with decoupled weight decay (arXiv:1711.05101, algorithm 2), all parameters in one call of libtorch's fused kernel.
 * Parameters without a gradient are left alone. Dispose of it to free the moments.
 */
export class AdamW implements Disposable {
  readonly #parameters: readonly Tensor[];
  readonly #means: readonly Tensor[];
  readonly #squares: readonly Tensor[];
  readonly #steps: readonly Tensor[];

  constructor(parameters: readonly Tensor[], private readonly options: AdamWOptions) {
    this.#parameters = parameters;
    const zerosLike = (): Tensor[] => parameters.map((parameter) => keep(zeros(parameter.shape, { dtype: parameter.dtype, device: parameter.device })));
    this.#means = zerosLike();
    this.#squares = zerosLike();
    // The fused kernel counts steps per parameter, in float32, because parameters may join late.
    this.#steps = parameters.map(() => keep(zeros([], { dtype: 'float32' })));
  }

  /** One update from the gradients that the parameters hold; the gradients stay. */
  step(learningRate: number): void {
    const { betas, epsilon, weightDecay } = this.options;
    noGrad(() =>
      scope(() => {
        const withGradient = this.#parameters.flatMap((parameter, index) => {
          const gradient = parameter.grad;
          return gradient ? [{ parameter, gradient, index }] : [];
        });
        if (withGradient.length === 0) return;
        const pick = (list: readonly Tensor[]): Tensor[] => withGradient.map(({ index }) => list[index]!);
        const steps = pick(this.#steps);
        for (const step of steps) ops.addScalarInPlace(step, 1);
        ops.fusedAdamwInPlace(
          withGradient.map(({ parameter }) => parameter),
          withGradient.map(({ gradient }) => gradient),
          pick(this.#means),
          pick(this.#squares),
          [],
          steps,
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
    for (const parameter of this.#parameters) parameter.zeroGrad();
  }

  [Symbol.dispose](): void {
    for (const tensor of [...this.#means, ...this.#squares, ...this.#steps]) tensor.dispose();
  }
}
