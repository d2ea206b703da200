import { empty, movedTo, ops, zeros, type Tensor } from '@tunesmith/tensor';
import { AdaptedLinear } from './adapted-linear.js';
import type { Dropout } from './dropout.js';
import type { LoraOptions } from './lora-linear.js';
import { deviceOf, featuresOf, type LinearLike } from './parts.js';

/**
 * A frozen linear plus an update in the form of a singular value decomposition, whose values can be taken away one by one (AdaLoRA,
 * arXiv 2303.10512, equation 3): y = x Wᵀ + b + scaling · dropout(x) (E ⊙ A)ᵀ Bᵀ, as PEFT names the paper's Q (A [rank, in]), Λ (E [rank, 1]) and
 * P (B [out, rank]). All are float32; A and B start normal with deviation 0.02, E at zero, so that training starts from the frozen model.
 */
export class AdaLoraLinear extends AdaptedLinear {
  readonly loraA: Tensor;
  readonly loraB: Tensor;
  readonly loraE: Tensor;
  readonly rank: number;
  /** alpha / (rank + 1e-5), PEFT's guard against no rank at all. */
  readonly scaling: number;
  readonly #dropout: Dropout | undefined;

  constructor(
    base: LinearLike,
    { rank, alpha, dropout, generator }: Omit<LoraOptions, 'rankStabilized'>,
  ) {
    super(base);
    const [outFeatures, inFeatures] = featuresOf(base);
    const device = deviceOf(base);
    const normal = (...shape: number[]): Tensor => movedTo(ops.normalInPlace(empty(shape, { dtype: 'float32' }), 0, 0.02, generator), device).setRequiresGrad(true);
    this.loraA = this.parameter('lora_A', normal(rank, inFeatures));
    this.loraB = this.parameter('lora_B', normal(outFeatures, rank));
    this.loraE = this.parameter('lora_E', zeros([rank, 1], { dtype: 'float32', device, requiresGrad: true }));
    this.rank = rank;
    this.scaling = alpha / (rank + 1e-5);
    this.#dropout = dropout;
  }

  forward(input: Tensor): Tensor {
    const { dtype } = input;
    const down = ops.linear(this.#dropout?.forward(input) ?? input, ops.toDtype(ops.mul(this.loraA, this.loraE), dtype), null); // [tokens, rank]
    const up = ops.t(ops.toDtype(this.loraB, dtype)); // [rank, out]
    // In place: nobody else has seen the frozen linear's result.
    return ops.addmmInPlace(this.base.forward(input), down, up, 1, this.scaling);
  }
}
