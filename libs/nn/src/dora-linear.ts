import { keep, noGrad, ops, scope, zeros, type Tensor } from '@tunesmith/tensor';
import { AdaptedLinear } from './adapted-linear.js';
import type { Dropout } from './dropout.js';
import { loraScaling, newLoraPair, type LoraOptions } from './lora-linear.js';
import type { LinearLike } from './parts.js';
import { project } from './project.js';

/**
 * A frozen linear with weight-decomposed low-rank adaptation (DoRA, arXiv 2402.09353): W' = m ⊙ V / ‖V‖ with V = W + scaling · B A, norms and
 * the trained magnitudes m one for each row of W. As in PEFT the norms are constants for the gradient (section 4.3 of the paper). Call
 * `initialize` once W has its values: m begins as W's norms, so that training starts from the frozen model. Dropout is on the update's input alone.
 */
export class DoraLinear extends AdaptedLinear {
  readonly loraA: Tensor;
  readonly loraB: Tensor;
  /** float32 [out] */
  readonly magnitude: Tensor;
  readonly rank: number;
  readonly scaling: number;
  readonly #dropout: Dropout | undefined;
  /** ‖W‖² of every row, float32 [out]: W never changes. */
  #baseSquares: Tensor | null = null;

  constructor(
    base: LinearLike,
    options: LoraOptions,
  ) {
    super(base);
    const { a, b } = newLoraPair(base, options);
    this.loraA = this.parameter('lora_A.weight', a);
    this.loraB = this.parameter('lora_B.weight', b);
    this.magnitude = this.parameter('lora_magnitude_vector', zeros([b.shape[0] ?? 0], { dtype: 'float32', device: b.device, requiresGrad: true }));
    this.rank = options.rank;
    this.scaling = loraScaling(options);
    this.#dropout = options.dropout;
  }

  /** m = ‖W + scaling · B A‖, row by row. */
  initialize(): void {
    noGrad(() => scope(() => ops.copyInPlace(this.magnitude, this.#norms())));
  }

  forward(input: Tensor): Tensor {
    const { dtype } = input;
    const down = ops.linear(this.#dropout?.forward(input) ?? input, ops.toDtype(this.loraA, dtype), null); // [tokens, rank]
    const frozen = this.base.product?.(input) ?? project(input, this.weight); // [tokens, out]
    const direction = ops.addmm(frozen, down, ops.t(ops.toDtype(this.loraB, dtype)), 1, this.scaling); // [tokens, out]
    // As a distance from one, which bfloat16 holds exactly enough where the factor itself would be rounded to steps of 1/128.
    const stretch = ops.toDtype(ops.subScalar(this.#factors(), 1), dtype); // [out]
    const product = ops.addcmul(direction, direction, stretch);
    return this.bias ? ops.add(product, this.bias) : product;
  }

  /** m ⊙ (W + scaling · B A) / ‖W + scaling · B A‖ in the weight's dtype. */
  merged(): Tensor {
    const { dtype } = this.weight;
    const direction = ops.addmm(ops.toDtype(this.weight, 'float32'), this.loraB, this.loraA, 1, this.scaling);
    return ops.toDtype(ops.mul(direction, ops.unsqueeze(this.#factors(), 1)), dtype);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#baseSquares?.dispose();
  }

  /** m / ‖W + scaling · B A‖, float32 [out]; a gradient reaches m alone. */
  #factors(): Tensor {
    return ops.div(this.magnitude, noGrad(() => this.#norms()));
  }

  /** ‖w + s a‖² = ‖w‖² + 2 s w·a + s² ‖a‖² for each row w of W and a of B A, by products as thin as the rank: B A itself is never made. */
  #norms(): Tensor {
    const { weight, loraA, loraB, scaling } = this;
    const squares = (this.#baseSquares ??= keep(scope(() => ops.sum(ops.square(ops.toDtype(weight, 'float32')), 1)))); // [out]
    const along = ops.toDtype(ops.linear(weight, ops.toDtype(loraA, weight.dtype), null), 'float32'); // W Aᵀ [out, rank]
    const across = ops.matmul(loraB, ops.matmul(loraA, ops.t(loraA))); // B A Aᵀ [out, rank]
    const change = ops.sum(ops.mul(loraB, ops.add(ops.mulScalar(along, 2 * scaling), across, scaling ** 2)), 1); // [out]
    return ops.sqrt(ops.add(squares, change));
  }
}
