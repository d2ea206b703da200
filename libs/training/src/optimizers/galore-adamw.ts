import { keep, noGrad, ops, scope, zeros, type Tensor } from '@tunesmith/tensor';
import { leadingDirections } from '../leading-directions.js';
import type { OptimizedParameter, Optimizer } from '../optimizer.js';
import type { AdamWOptions, GaLoreOptions } from '../train-options.js';

/** What is remembered of one projected matrix [m, n], whose shorter side is `short` and longer `long`. */
interface ProjectedMoments {
  readonly parameter: OptimizedParameter;
  /** [short, rank], orthonormal columns: the gradient's leading directions on its shorter side. */
  readonly basis: Tensor;
  /** [rank, long] */
  readonly mean: Tensor;
  readonly square: Tensor;
  /** float32 [] */
  readonly steps: Tensor;
}

/**
 * AdamW whose moments live in a projection of the gradient to a few directions of its shorter side, renewed every `interval` steps
 * (GaLore, arXiv 2403.03507, algorithm 2; steps, decay and epsilon as in the authors' galore-torch). For matrices; every one must be larger than
 * the rank both ways. The signs of the directions, which a decomposition leaves open, are fixed, so that moments mean the same after a renewal.
 */
export class GaLoreAdamW implements Optimizer {
  readonly #moments: readonly ProjectedMoments[];

  constructor(
    parameters: readonly OptimizedParameter[],
    private readonly options: Omit<AdamWOptions, 'kind'> & Omit<GaLoreOptions, 'kind'>,
  ) {
    const { rank } = options;
    this.#moments = parameters.map((parameter) => {
      const { shape, device } = parameter.tensor;
      const [short, long] = [Math.min(...shape), Math.max(...shape)];
      const made = (...size: number[]): Tensor => keep(zeros(size, { dtype: 'float32', device }));
      return { parameter, basis: made(short, rank), mean: made(rank, long), square: made(rank, long), steps: made() };
    });
  }

  step(learningRate: number): void {
    noGrad(() => {
      for (const moments of this.#moments) scope(() => this.#update(moments, learningRate * (moments.parameter.learningRateFactor ?? 1)));
    });
  }

  #update({ parameter: { tensor }, basis, mean, square, steps }: ProjectedMoments, learningRate: number): void {
    const { rank, interval, scale, betas: [beta1, beta2], epsilon, weightDecay } = this.options;
    const gradient = tensor.grad;
    if (!gradient) return;
    const [rows = 0, columns = 0] = tensor.shape;
    const wide = ops.toDtype(rows < columns ? gradient : ops.t(gradient), 'float32'); // [short, long]
    const before = steps.item();
    if (before % interval === 0) ops.copyInPlace(basis, leadingDirections(wide, rank).left);
    const low = ops.matmul(ops.t(basis), wide); // [rank, long]
    ops.addScalarInPlace(steps, 1);
    ops.lerpInPlace(mean, low, 1 - beta1);
    ops.addcmulInPlace(ops.mulScalarInPlace(square, beta2), low, low, 1 - beta2);
    const stepSize = (learningRate * Math.sqrt(1 - beta2 ** (before + 1))) / (1 - beta1 ** (before + 1));
    const direction = ops.matmul(basis, ops.div(mean, ops.addScalar(ops.sqrt(square), epsilon))); // [short, long]
    ops.addInPlace(tensor, ops.toDtype(rows < columns ? direction : ops.t(direction), tensor.dtype), -stepSize * scale);
    if (weightDecay > 0) ops.mulScalarInPlace(tensor, 1 - learningRate * weightDecay);
  }

  zeroGradients(): void {
    for (const { parameter } of this.#moments) parameter.tensor.zeroGrad();
  }

  state(): Map<string, Tensor> {
    return new Map(this.#moments.flatMap(({ parameter: { name }, basis, mean, square, steps }) => Object.entries({ basis, mean, square, steps }).map(([key, tensor]) => [`${name}.${key}`, tensor] as const)));
  }

  [Symbol.dispose](): void {
    for (const { basis, mean, square, steps } of this.#moments) for (const tensor of [basis, mean, square, steps]) tensor.dispose();
  }
}
