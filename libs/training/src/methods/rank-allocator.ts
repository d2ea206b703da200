import type { AdaLoraLinear } from '@tunesmith/nn';
import { keep, noGrad, ones, ops, scope, zeros, type Tensor } from '@tunesmith/tensor';
import type { AdaLoraOptions } from '../train-options.js';
import type { StepPlace } from '../tuning-method.js';

/** How important the numbers of one matrix have been: both float32, of its shape. */
interface Importance {
  readonly tensor: Tensor;
  /** Smoothed |number · gradient|: what the loss would change without it. */
  readonly sensitivity: Tensor;
  /** Smoothed distance of the sensitivity from its own mean. */
  readonly uncertainty: Tensor;
}

interface Triplets {
  readonly linear: AdaLoraLinear;
  readonly a: Importance;
  readonly b: Importance;
  readonly e: Importance;
  /** float32 [rank, 1]: 1 where the singular value stays, 0 where it was taken away. */
  readonly kept: Tensor;
}

/** The budget begins to shrink after `from`, and is at its end from `until` on. */
export interface BudgetPhases {
  readonly from: number;
  readonly until: number;
}

/** The phases of a run of `steps` by their parts, as whole steps. */
export function budgetPhases({ warmupRatio, finalRatio }: Pick<AdaLoraOptions, 'warmupRatio' | 'finalRatio'>, steps: number): BudgetPhases {
  return { from: Math.round(warmupRatio * steps), until: steps - Math.round(finalRatio * steps) };
}

/**
 * Shares a budget of singular values among linears by importance (AdaLoRA, arXiv 2303.10512, sections 3.2 and 3.3, in the order and with the
 * numbers of PEFT's RankAllocator): after each step the importance of every triplet is brought up to date, and every `interval` steps the least
 * important values beyond the budget become zero; gradients may bring them back until the final phase, where they stay zero.
 */
export class RankAllocator {
  readonly #triplets: readonly Triplets[];

  constructor(
    linears: readonly AdaLoraLinear[],
    private readonly options: Omit<AdaLoraOptions, 'kind'>,
  ) {
    const zerosFor = ({ shape, device }: Tensor): Tensor => keep(zeros(shape, { dtype: 'float32', device }));
    const importance = (tensor: Tensor): Importance => ({ tensor, sensitivity: zerosFor(tensor), uncertainty: zerosFor(tensor) });
    this.#triplets = linears.map((linear) => ({
      linear, a: importance(linear.loraA), b: importance(linear.loraB), e: importance(linear.loraE), kept: keep(ones([linear.rank, 1], { device: linear.loraA.device })),
    }));
  }

  /** After the parameters have moved, while their gradients are there. */
  afterStep({ step, steps }: StepPlace): void {
    const { from, until } = budgetPhases(this.options, steps);
    noGrad(() =>
      scope(() => {
        if (step < until) this.#observe();
        if (step === until || (step > from && step < until && step % this.options.interval === 0)) this.#allocate(this.budget(step, { from, until }));
        else if (step > until) this.#takeAway();
      }),
    );
  }

  /** How many singular values all linears have together: from the initial down to the target, by the cube of the time left. */
  budget(step: number, { from, until }: BudgetPhases): number {
    const { targetRank } = this.options;
    const initial = this.#triplets.reduce((sum, { linear }) => sum + linear.rank, 0);
    const target = targetRank * this.#triplets.length;
    if (step <= from) return initial;
    if (step >= until) return target;
    return Math.trunc((initial - target) * (1 - (step - from) / (until - from)) ** 3 + target);
  }

  /** Which singular values a linear has kept, from its first. */
  keptRanks(linear: AdaLoraLinear): number[] {
    const found = this.#triplets.find((triplets) => triplets.linear === linear);
    return found?.kept.toArray().flatMap((kept, index) => (kept > 0 ? [index] : [])) ?? [];
  }

  state(): Map<string, Tensor> {
    return new Map(
      this.#triplets.flatMap(({ linear: { path }, a, b, e, kept }) => [
        [`${path}.kept`, kept] as const,
        ...Object.entries({ lora_A: a, lora_B: b, lora_E: e }).flatMap(([name, { sensitivity, uncertainty }]) => [[`${path}.${name}.sensitivity`, sensitivity] as const, [`${path}.${name}.uncertainty`, uncertainty] as const]),
      ]),
    );
  }

  [Symbol.dispose](): void {
    for (const tensor of this.state().values()) tensor.dispose();
  }

  /** Sensitivity of every number, smoothed, and how far it strays (equations 9 and 10). What no token came by, such as an idle expert, was not sensitive. */
  #observe(): void {
    const { beta1, beta2 } = this.options;
    for (const { tensor, sensitivity, uncertainty } of this.#triplets.flatMap(({ a, b, e }) => [a, b, e])) {
      const { grad } = tensor;
      const now = grad ? ops.abs(ops.mul(tensor, grad)) : ops.zerosLike(sensitivity);
      ops.lerpInPlace(sensitivity, now, 1 - beta1);
      ops.lerpInPlace(uncertainty, ops.abs(ops.sub(now, sensitivity)), 1 - beta2);
    }
  }

  /** Keeps as many triplets as the budget has, those of the highest scores (equation 8). */
  #allocate(budget: number): void {
    const scores = this.#triplets.map(({ a, b, e }) => ops.add(ops.add(score(e), ops.mean(score(a), 1, true)), ops.t(ops.mean(score(b), 0, true)))); // [rank, 1] each
    const all = ops.cat(scores, 0);
    const excess = all.size - budget;
    if (excess > 0) {
      const [threshold] = ops.kthvalue(ops.reshape(all, [-1]), excess);
      const least = threshold.item();
      this.#triplets.forEach(({ kept }, index) => ops.copyInPlace(kept, ops.gtScalar(scores[index]!, least)));
    }
    this.#takeAway();
  }

  #takeAway(): void {
    for (const { linear, kept } of this.#triplets) ops.mulInPlace(linear.loraE, kept);
  }
}

function score({ sensitivity, uncertainty }: Importance): Tensor {
  return ops.mul(sensitivity, uncertainty);
}
