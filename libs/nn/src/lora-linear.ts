import { empty, ops, rand, zeros, type RandomGenerator, type Tensor } from '@tunesmith/tensor';
import { Module } from './module.js';
import type { LinearLike } from './parts.js';

export interface LoraOptions {
  readonly rank: number;
  /** The update is scaled by alpha / rank. */
  readonly alpha: number;
  /** Chance that an input of the update is zeroed while dropout is on; 0 for none. */
  readonly dropout?: number;
  /** Draws A and the dropped inputs. */
  readonly generator: RandomGenerator;
}

/**
 * A frozen linear plus a trained low-rank update (arXiv 2106.09685): y = x Wᵀ + b + (alpha / rank) · dropout(x) Aᵀ Bᵀ.
 * A [rank, in] starts uniform in ± 1 / sqrt(in) as in PEFT, B [out, rank] at zero, so that training starts from the frozen model.
 * Both are float32, whatever the model computes in: updates smaller than a bfloat16 step would be lost.
 */
export class LoraLinear extends Module implements LinearLike {
  readonly loraA: Tensor;
  readonly loraB: Tensor;
  readonly rank: number;
  /** alpha / rank */
  readonly scaling: number;
  /** Off for inference; training turns it on. */
  dropoutEnabled = true;
  readonly #dropout: number;
  readonly #generator: RandomGenerator;

  constructor(
    readonly base: LinearLike,
    { rank, alpha, dropout = 0, generator }: LoraOptions,
  ) {
    super(base.path);
    this.add(base);
    const [outFeatures = 0, inFeatures = 0] = base.weight.shape;
    const { device } = base.weight;
    const bound = 1 / Math.sqrt(inFeatures);
    const drawn = ops.uniformInPlace(empty([rank, inFeatures], { dtype: 'float32', device }), -bound, bound, generator);
    this.loraA = this.parameter('lora_A.weight', drawn.setRequiresGrad(true));
    this.loraB = this.parameter('lora_B.weight', zeros([outFeatures, rank], { dtype: 'float32', device, requiresGrad: true }));
    this.rank = rank;
    this.scaling = alpha / rank;
    this.#dropout = dropout;
    this.#generator = generator;
  }

  /** The frozen weight, without the update. */
  get weight(): Tensor {
    return this.base.weight;
  }

  get bias(): Tensor | null {
    return this.base.bias;
  }

  /** Whether this forward pass drops inputs, each linear its own. */
  get dropsInputs(): boolean {
    return this.#dropout > 0 && this.dropoutEnabled;
  }

  forward(input: Tensor): Tensor {
    const { dtype } = input;
    const down = ops.linear(this.#dropped(input), ops.toDtype(this.loraA, dtype), null); // [tokens, rank]
    const up = ops.t(ops.toDtype(this.loraB, dtype)); // [rank, out]
    // In place: nobody else has seen the frozen linear's result.
    return ops.addmmInPlace(this.base.forward(input), down, up, 1, this.scaling);
  }

  /** W + scaling · B A in the weight's dtype; differentiable with respect to A and B. */
  merged(): Tensor {
    const { dtype } = this.weight;
    return ops.addmm(this.weight, ops.toDtype(this.loraB, dtype), ops.toDtype(this.loraA, dtype), 1, this.scaling);
  }

  #dropped(input: Tensor): Tensor {
    if (!this.dropsInputs) return input;
    const kept = ops.geScalar(rand(input.shape, { device: input.device, generator: this.#generator }), this.#dropout);
    return ops.mulScalar(ops.mul(input, ops.toDtype(kept, input.dtype)), 1 / (1 - this.#dropout));
  }
}
