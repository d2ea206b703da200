import { empty, movedTo, ops, zeros, type RandomGenerator, type Tensor } from '@tunesmith/tensor';
import { AdaptedLinear } from './adapted-linear.js';
import type { Dropout } from './dropout.js';
import { joinedProduct } from './joined-product.js';
import { deviceOf, featuresOf, type LinearLike, type LinearTerms } from './parts.js';

export interface LoraOptions {
  readonly rank: number;
  readonly alpha: number;
  /** The update is scaled by alpha / sqrt(rank) (rsLoRA, arXiv 2312.03732) instead of alpha / rank. */
  readonly rankStabilized?: boolean;
  /** Of the update's inputs; absent: none. */
  readonly dropout?: Dropout;
  /** Draws A. */
  readonly generator: RandomGenerator;
}

/** What the product B A is multiplied by. */
export function loraScaling({ rank, alpha, rankStabilized = false }: Pick<LoraOptions, 'rank' | 'alpha' | 'rankStabilized'>): number {
  return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
}

/** A [rank, in], uniform in ± 1 / sqrt(in) as in PEFT, and B [out, rank], zero: both float32 and trained. */
export function newLoraPair(base: LinearLike, { rank, generator }: Pick<LoraOptions, 'rank' | 'generator'>): { a: Tensor; b: Tensor } {
  const [outFeatures, inFeatures] = featuresOf(base);
  const device = deviceOf(base);
  const bound = 1 / Math.sqrt(inFeatures);
  const drawn = ops.uniformInPlace(empty([rank, inFeatures], { dtype: 'float32' }), -bound, bound, generator);
  return { a: movedTo(drawn, device).setRequiresGrad(true), b: zeros([outFeatures, rank], { dtype: 'float32', device, requiresGrad: true }) };
}

/**
 * A frozen linear plus a trained low-rank update (arXiv 2106.09685): y = x Wᵀ + b + scaling · dropout(x) Aᵀ Bᵀ.
 * A [rank, in] starts uniform in ± 1 / sqrt(in) as in PEFT, B [out, rank] at zero, so that training starts from the frozen model.
 * Both are float32, whatever the model computes in: updates smaller than a bfloat16 step would be lost.
 */
export class LoraLinear extends AdaptedLinear {
  readonly loraA: Tensor;
  readonly loraB: Tensor;
  readonly rank: number;
  /** alpha / rank, or alpha / sqrt(rank) */
  readonly scaling: number;
  readonly #dropout: Dropout | undefined;

  constructor(
    base: LinearLike,
    options: LoraOptions,
  ) {
    super(base);
    const { a, b } = newLoraPair(base, options);
    this.loraA = this.parameter('lora_A.weight', a);
    this.loraB = this.parameter('lora_B.weight', b);
    this.rank = options.rank;
    this.scaling = loraScaling(options);
    this.#dropout = options.dropout;
  }

  /** Whether this forward pass drops inputs, each linear its own. */
  get dropsInputs(): boolean {
    return this.#dropout?.active ?? false;
  }

  /** Null with dropout: the update's input is then not that of the base. */
  terms(): LinearTerms | null {
    const base = this.dropsInputs ? null : this.base.terms?.();
    return base && !base.update ? { ...base, update: { a: this.loraA, b: this.loraB, scaling: this.scaling } } : null;
  }

  forward(input: Tensor): Tensor {
    const joined = joinedProduct(input, [this]);
    if (joined) return joined;
    const { dtype } = input;
    const down = ops.linear(this.#dropout?.forward(input) ?? input, ops.toDtype(this.loraA, dtype), null); // [tokens, rank]
    const up = ops.t(ops.toDtype(this.loraB, dtype)); // [rank, out]
    // In place: nobody else has seen the frozen linear's result.
    return ops.addmmInPlace(this.base.forward(input), down, up, 1, this.scaling);
  }

  /** W + scaling · B A in the weight's dtype; differentiable with respect to A and B. */
  merged(): Tensor {
    const { dtype } = this.weight;
    return ops.addmm(this.weight, ops.toDtype(this.loraB, dtype), ops.toDtype(this.loraA, dtype), 1, this.scaling);
  }
}
