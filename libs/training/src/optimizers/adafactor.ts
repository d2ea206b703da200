import { keep, noGrad, ops, scope, zeros, type Tensor } from '@tunesmith/tensor';
import type { OptimizedParameter, Optimizer } from '../optimizer.js';
import type { AdafactorOptions } from '../train-options.js';
import { WideParameter } from './wide-parameter.js';

/** Keeps a gradient of zeros from dividing by zero. */
const epsilon = 1e-30;
/** The second moment forgets by 1 - step ^ decay. */
const decay = -0.8;
/** The root mean square that an update has at most. */
const largestUpdate = 1;

/** What is remembered of one parameter. */
interface Remembered {
  readonly wide: WideParameter;
  /** Of matrices: mean squares of the gradient by row and by column; of vectors: the squares themselves. */
  readonly squares: readonly Tensor[];
  /** Float32 [], counted per parameter, because parameters may join late. */
  readonly steps: Tensor;
}

/**
 * Adafactor (arXiv 1804.04235, algorithms 4 and 5): the second moment of a matrix by one number for each row and each column. With the learning
 * rate as it is given, as transformers' `Adafactor(scale_parameter=False, relative_step=False)`, and decoupled weight decay.
 */
export class Adafactor implements Optimizer {
  readonly #remembered: readonly Remembered[];

  constructor(parameters: readonly OptimizedParameter[], private readonly options: Omit<AdafactorOptions, 'kind'>) {
    this.#remembered = parameters.map((parameter) => {
      const { shape, device } = parameter.tensor;
      const zero = (size: readonly number[]): Tensor => keep(zeros([...size], { dtype: 'float32', device }));
      const squares = shape.length < 2 ? [zero(shape)] : [zero(shape.slice(0, -1)), zero([...shape.slice(0, -2), shape.at(-1)!])];
      return { wide: new WideParameter(parameter), squares, steps: keep(zeros([], { dtype: 'float32' })) };
    });
  }

  step(learningRate: number): void {
    noGrad(() => {
      for (const each of this.#remembered) scope(() => this.#update(each, learningRate * (each.wide.parameter.learningRateFactor ?? 1)));
    });
  }

  #update({ wide, squares, steps }: Remembered, learningRate: number): void {
    const gradient = wide.gradient();
    if (!gradient) return;
    ops.addScalarInPlace(steps, 1);
    const remember = 1 - steps.item() ** decay;
    const square = ops.addScalar(ops.square(gradient), epsilon);
    const [first, columns] = squares as [Tensor, Tensor | undefined];
    const learn = (moment: Tensor, seen: Tensor): Tensor => ops.addInPlace(ops.mulScalarInPlace(moment, remember), seen, 1 - remember);
    let scale: Tensor;
    if (columns) {
      learn(first, ops.mean(square, [-1]));
      learn(columns, ops.mean(square, [-2]));
      const byRow = ops.unsqueeze(ops.rsqrt(ops.div(first, ops.mean(first, [-1], true))), -1);
      scale = ops.mul(byRow, ops.unsqueeze(ops.rsqrt(columns), -2));
    } else scale = ops.rsqrt(learn(first, square));
    const update = ops.mulInPlace(scale, gradient);
    const size = ops.norm(update).item() / Math.sqrt(update.size);
    if (this.options.weightDecay > 0) ops.addInPlace(wide.value, wide.value, -this.options.weightDecay * learningRate);
    ops.subInPlace(wide.value, ops.mulScalarInPlace(update, learningRate / Math.max(1, size / largestUpdate)));
    wide.write();
  }

  zeroGradients(): void {
    for (const { wide } of this.#remembered) wide.parameter.tensor.zeroGrad();
  }

  state(): Map<string, Tensor> {
    return new Map(
      this.#remembered.flatMap(({ wide, squares, steps }) => {
        const { name } = wide.parameter;
        const names = squares.length === 2 ? ['rows', 'columns'] : ['square'];
        return [...squares.map((square, index) => [`${name}.${names[index]!}`, square] as [string, Tensor]), [`${name}.steps`, steps] as [string, Tensor], ...wide.state()];
      }),
    );
  }

  [Symbol.dispose](): void {
    for (const { wide, squares, steps } of this.#remembered) for (const each of [wide, ...squares, steps]) each[Symbol.dispose]();
  }
}
