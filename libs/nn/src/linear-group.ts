import { empty, ops, zeros, type Tensor } from '@tunesmith/tensor';
import { joinedProduct } from './joined-product.js';
import { Linear } from './linear.js';
import { LoraLinear } from './lora-linear.js';
import { Module } from './module.js';
import { featuresOf, type LinearLike } from './parts.js';
import { project } from './project.js';

/** As many tensors as members. */
type OneEach<Members extends readonly LinearLike[]> = { [Index in keyof Members]: Tensor };

/**
 * Linears that read the same input, such as query, key and value. Where they are plain or LoRA ones, and their frozen weights allow it, one
 * product serves all of them: fewer passes over the input, and one sum of gradients instead of one for each.
 */
export class LinearGroup<const Members extends readonly LinearLike[]> extends Module {
  /** All weights, one under another; each member's weight is a view of its rows. Null: the members do not fit together. */
  readonly #weights: Tensor | null;
  readonly #sizes: readonly number[];

  /** `members`: all with the same inFeatures, fresh from `Parts` (their weights not yet filled). */
  constructor(
    path: string,
    private readonly members: Members,
  ) {
    super(path);
    for (const member of members) this.add(member);
    this.#sizes = members.map((member) => featuresOf(member)[0]);
    this.#weights = stackWeights(members, this.#sizes);
  }

  /** [tokens, inFeatures] -> one [tokens, outFeatures] per member; they may share memory. */
  forward(input: Tensor): OneEach<Members> {
    return ops.splitWithSizes(this.forwardJoined(input), this.#sizes, 1) as OneEach<Members>;
  }

  /** [tokens, inFeatures] -> [tokens, outFeatures of all members side by side] */
  forwardJoined(input: Tensor): Tensor {
    const joined = joinedProduct(input, this.members);
    if (joined) return joined;
    if (!this.#weights || !this.members.every(fusible)) return ops.cat(this.members.map((member) => member.forward(input)), 1);
    const biases = this.members.flatMap((member) => member.bias ?? []);
    return this.#updated(project(input, this.#weights, biases.length > 0 ? ops.cat(biases, 0) : null), input);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#weights?.dispose();
  }

  /**
   * Adds the LoRA updates of all members by two thin products: the A of all members under one another, and their B along a diagonal.
   *
   *     x · [A₁; A₂]ᵀ = [u₁ u₂]      [u₁ u₂] · [B₁ 0; 0 B₂]ᵀ = [u₁ B₁ᵀ  u₂ B₂ᵀ]
   */
  #updated(together: Tensor, input: Tensor): Tensor {
    const tuned = this.members.filter((member) => member instanceof LoraLinear);
    const [first] = tuned;
    if (!first) return together;
    const ranks = tuned.reduce((sum, member) => sum + member.rank, 0);
    let before = 0;
    const diagonal = this.members.map((member, index) => {
      if (!(member instanceof LoraLinear)) return zeros([this.#sizes[index] ?? 0, ranks], { device: input.device });
      const scaled = member.scaling === first.scaling ? member.loraB : ops.mulScalar(member.loraB, member.scaling / first.scaling);
      const padded = ops.pad(scaled, [before, ranks - before - member.rank]);
      before += member.rank;
      return padded;
    });
    const down = ops.linear(input, ops.toDtype(ops.cat(tuned.map((member) => member.loraA), 0), input.dtype)); // [tokens, all ranks]
    const up = ops.t(ops.toDtype(ops.cat(diagonal, 0), input.dtype)); // [all ranks, all outFeatures]
    return ops.addmmInPlace(together, down, up, 1, first.scaling);
  }
}

/** Frozen, so that no gradient has to find its way from the stacked weights to the members; and with one input for all. */
function fusible(member: LinearLike): boolean {
  if (member instanceof LoraLinear) return !member.dropsInputs && fusible(member.base);
  return !member.weight.requiresGrad;
}

function stackWeights(members: readonly LinearLike[], sizes: readonly number[]): Tensor | null {
  const plain = members.flatMap((member) => {
    const base = member instanceof LoraLinear ? member.base : member;
    return base instanceof Linear ? [base] : [];
  });
  const [first] = plain;
  if (!first || plain.length < members.length || plain.some((linear) => (linear.bias === null) !== (first.bias === null))) return null;
  const { dtype, device, shape } = first.weight;
  const stacked = empty([sizes.reduce((sum, size) => sum + size, 0), shape[1] ?? 0], { dtype, device });
  ops.splitWithSizes(stacked, sizes, 0).forEach((rows, index) => plain[index]?.adoptWeight(rows));
  return stacked;
}
