import { ops, tensor, zeros, type Tensor } from '@tunesmith/tensor';
import { Module } from './module.js';
import type { LinearLike } from './parts.js';

/** One network of a mixture: [tokens, hidden] -> [tokens, hidden]. */
export interface Expert extends Module {
  forward(input: Tensor): Tensor;
}

/**
 * A sparse mixture of experts (Mixtral, arXiv 2401.04088, section 2.1): a router scores every expert for every token, the best `perToken` of
 * them compute, and their results are added, weighted by the scores' softmax over the chosen ones. Gradients reach the router through those
 * weights; the choice itself has none, and an expert that no token chose has no gradient at all.
 */
export class ExpertMixture extends Module {
  /** `router` [tokens, hidden] -> [tokens, experts]. `perToken` of the experts serve each token. */
  constructor(
    path: string,
    private readonly router: LinearLike,
    private readonly experts: readonly Expert[],
    private readonly perToken: number,
  ) {
    super(path);
    this.add(router);
    for (const expert of experts) this.add(expert);
  }

  /** [tokens, hidden] -> [tokens, hidden] */
  forward(x: Tensor): Tensor {
    const scores = ops.softmax(this.router.forward(x), -1, 'float32'); // [tokens, experts]
    const [best, chosen] = ops.topk(scores, this.perToken, -1); // [tokens, perToken] each
    const weights = ops.div(best, ops.sum(best, [-1], true)); // [tokens, perToken]

    // A slot is one token at one of its experts. Sorted by expert, each expert's slots are one piece, and it computes them by one product.
    const { order, counts } = sortByExpert(chosen.toArray(), this.experts.length);
    const slots = tensor(order, { dtype: 'int64', device: x.device }); // [slots]
    const tokens = tensor(order.map((slot) => Math.floor(slot / this.perToken)), { dtype: 'int64', device: x.device }); // [slots]
    const busy = this.experts.flatMap((expert, index) => (counts[index] ? [{ expert, count: counts[index] }] : []));
    const pieces = ops.splitWithSizes(ops.indexSelect(x, 0, tokens), busy.map(({ count }) => count), 0);
    const computed = ops.cat(pieces.map((piece, index) => busy[index]?.expert.forward(piece) ?? piece), 0); // [slots, hidden]

    const slotWeights = ops.unsqueeze(ops.indexSelect(ops.reshape(weights, [-1]), 0, slots), 1); // [slots, 1]
    // Weighted and added in float32, whatever the model computes in.
    const mixed = ops.indexAdd(zeros(x.shape, { dtype: 'float32', device: x.device }), 0, tokens, ops.mul(computed, slotWeights)); // [tokens, hidden]
    return ops.toDtype(mixed, x.dtype);
  }
}

/** The slots in the order of their experts, those of one expert in the order of their tokens, and how many each expert has. */
function sortByExpert(chosen: readonly number[], experts: number): { order: number[]; counts: number[] } {
  const byExpert: number[][] = Array.from({ length: experts }, () => []);
  chosen.forEach((expert, slot) => byExpert[expert]?.push(slot));
  return { order: byExpert.flat(), counts: byExpert.map((slots) => slots.length) };
}
