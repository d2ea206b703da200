import { keep, noGrad, ops, scope, zeros, type Tensor } from '@tunesmith/tensor';
import type { OptimizedParameter, Optimizer } from '../optimizer.js';
import type { MuonOptions } from '../train-options.js';
import { WideParameter } from './wide-parameter.js';

/** The polynomial a x + b x³ + c x⁵ that drives singular values towards 1; its slope at 0 is as steep as it can be. */
const [a, b, c] = [3.4445, -4.775, 2.0315];
const iterations = 5;
const smallestNorm = 1e-7;

/**
 * Muon (Keller Jordan, "Muon: an optimizer for hidden layers", 2024): momentum, of which only the directions are kept, each as strong as the
 * others. For matrices of hidden layers; others are AdamW's. Updates have the size of AdamW's (0.2 · sqrt of the longer side, arXiv 2502.16982,
 * section 2.2), so that one learning rate serves both. As `torch.optim.Muon(adjust_lr_fn="match_rms_adamw")`, Nesterov's momentum, in bfloat16.
 */
export class Muon implements Optimizer {
  readonly #remembered: readonly { readonly wide: WideParameter; readonly momentum: Tensor }[];

  constructor(parameters: readonly OptimizedParameter[], private readonly options: Omit<MuonOptions, 'kind'>) {
    this.#remembered = parameters.map((parameter) => {
      const { shape, device } = parameter.tensor;
      return { wide: new WideParameter(parameter), momentum: keep(zeros([...shape], { dtype: 'float32', device })) };
    });
  }

  step(learningRate: number): void {
    const { momentum: share, weightDecay } = this.options;
    noGrad(() => {
      for (const { wide, momentum } of this.#remembered) {
        scope(() => {
          const gradient = wide.gradient();
          if (!gradient) return;
          const rate = learningRate * (wide.parameter.learningRateFactor ?? 1);
          ops.lerpInPlace(momentum, gradient, 1 - share);
          const update = directions(ops.lerp(gradient, momentum, share));
          ops.mulScalarInPlace(wide.value, 1 - rate * weightDecay);
          ops.addInPlace(wide.value, update, -rate * 0.2 * Math.sqrt(Math.max(...gradient.shape)));
          wide.write();
        });
      }
    });
  }

  zeroGradients(): void {
    for (const { wide } of this.#remembered) wide.parameter.tensor.zeroGrad();
  }

  state(): Map<string, Tensor> {
    return new Map(this.#remembered.flatMap(({ wide, momentum }) => [[`${wide.parameter.name}.momentum`, momentum] as [string, Tensor], ...wide.state()]));
  }

  [Symbol.dispose](): void {
    for (const { wide, momentum } of this.#remembered) for (const each of [wide, momentum]) each[Symbol.dispose]();
  }
}

/** The matrix with its singular values near 1, by Newton and Schulz: bfloat16 [rows, columns]. */
function directions(matrix: Tensor): Tensor {
  const [rows = 0, columns = 0] = matrix.shape;
  // The smaller side first, so that the products are small.
  const narrow = ops.toDtype(matrix, 'bfloat16', true);
  let x = rows > columns ? ops.t(narrow) : narrow;
  x = ops.div(x, ops.clamp(ops.norm(x), smallestNorm, null));
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const gram = ops.mm(x, ops.t(x));
    x = ops.addmm(x, ops.addmm(gram, gram, gram, b, c), x, a, 1);
  }
  return rows > columns ? ops.t(x) : x;
}

/** Whether a parameter is a matrix of a hidden layer: no embedding, no head, no norm, no vector. */
export function isHiddenMatrix({ name, tensor }: OptimizedParameter): boolean {
  return tensor.shape.length === 2 && !/(^|\.)(embed\w*|wte|wpe|shared|relative_attention_bias|lm_head)(\.|$)/.test(name);
}
