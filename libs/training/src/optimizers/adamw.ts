import { keep, noGrad, ops, scope, zeros, type DType, type Tensor } from '@tunesmith/tensor';
import type { OptimizedParameter, Optimizer } from '../optimizer.js';
import type { AdamWOptions } from '../train-options.js';

/** The values of torch.optim.AdamW and of the transformers trainer. */
export const adamWDefaults: AdamWOptions = { kind: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 };

/** What Adam remembers of one parameter. */
interface Moments {
  readonly parameter: OptimizedParameter;
  readonly mean: Tensor;
  readonly square: Tensor;
  /** int16, for a bfloat16 parameter: what the float32 number that is tuned has beyond it (native/src/kernels/adamw.cc). */
  readonly rest: Tensor | null;
  /** The fused kernel counts steps per parameter, in float32, because parameters may join late; of narrow ones the host reads them. */
  readonly steps: Tensor;
}

/**
 * Adam with decoupled weight decay (arXiv:1711.05101, algorithm 2), all parameters of one learning rate in one call of a fused kernel. What it
 * remembers is float32, also of bfloat16 parameters, whose updates are added in float32 so that small ones are not lost. Dispose of it to free that.
 */
export class AdamW implements Optimizer {
  readonly #moments: readonly Moments[];

  constructor(parameters: readonly OptimizedParameter[], private readonly options: Omit<AdamWOptions, 'kind'>) {
    this.#moments = parameters.map((parameter) => {
      const { shape, dtype, device } = parameter.tensor;
      const narrow = dtype === 'bfloat16';
      const made = (type: DType): Tensor => keep(zeros(shape, { dtype: type, device }));
      const momentType = narrow ? 'float32' : dtype;
      return { parameter, mean: made(momentType), square: made(momentType), rest: narrow ? made('int16') : null, steps: keep(zeros([], { dtype: 'float32', device: narrow ? 'cpu' : device })) };
    });
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
        ops.foreachAddScalarInPlace(moving.map(({ steps }) => steps), 1);
        const wide = moving.filter(({ rest }) => !rest);
        if (wide.length > 0) {
          ops.fusedAdamwInPlace(
            wide.map(({ parameter }) => parameter.tensor),
            wide.map(({ gradient }) => gradient),
            wide.map(({ mean }) => mean),
            wide.map(({ square }) => square),
            [],
            wide.map(({ steps }) => steps),
            learningRate,
            betas[0],
            betas[1],
            weightDecay,
            epsilon,
            false, // amsgrad
            false, // maximize
          );
        }
        for (const [step, narrow] of Map.groupBy(moving.filter(({ rest }) => rest), ({ steps }) => steps.item())) {
          ops.adamwInPlace(
            narrow.map(({ parameter }) => parameter.tensor),
            narrow.flatMap(({ rest }) => rest ?? []),
            narrow.map(({ gradient }) => gradient),
            narrow.map(({ mean }) => mean),
            narrow.map(({ square }) => square),
            step,
            learningRate,
            betas[0],
            betas[1],
            weightDecay,
            epsilon,
          );
        }
      }),
    );
  }

  zeroGradients(): void {
    for (const { parameter } of this.#moments) parameter.tensor.zeroGrad();
  }

  state(): Map<string, Tensor> {
    return new Map(this.#moments.flatMap(({ parameter: { name }, mean, square, rest, steps }) => [
      [`${name}.mean`, mean] as const, [`${name}.square`, square] as const, ...(rest ? [[`${name}.rest`, rest] as const] : []), [`${name}.steps`, steps] as const,
    ]));
  }

  [Symbol.dispose](): void {
    for (const { mean, square, rest, steps } of this.#moments) for (const tensor of [mean, square, rest, steps]) tensor?.dispose();
  }
}
