import { ops, type Tensor } from '@tunesmith/tensor';

/** Tokens of a block whose largest logit stands for them. */
const block = 64;

/**
 * The `count` largest logits of each row among its first `vocabulary` ones, the largest first, and their tokens.
 *
 * The largest of all lie in the blocks whose own largest are the largest: those are found first, in a pass that runs at the speed of memory, and
 * only their tokens are sorted.
 *
 * @param logits [rows, at least vocabulary]
 * @returns [rows, count] each; tokens int64
 */
export function likeliestTokens(logits: Tensor, vocabulary: number, count: number): { values: Tensor; indices: Tensor } {
  const rows = logits.shape[0]!;
  const known = ops.narrow(logits, 1, 0, vocabulary);
  const blocks = Math.floor(vocabulary / block);
  if (blocks <= count) {
    const [values, indices] = ops.topk(known, count);
    return { values, indices };
  }
  const whole = blocks * block;
  const byBlock = ops.view(ops.contiguous(ops.narrow(known, 1, 0, whole)), [rows, blocks, block]);
  const [, chosen] = ops.topk(ops.amax(byBlock, [-1]), count); // [rows, count]
  const candidates = ops.flatten(ops.gather(byBlock, 1, ops.expand(ops.unsqueeze(chosen, 2), [rows, count, block])), 1); // [rows, count * block]
  const rest = ops.narrow(known, 1, whole, vocabulary - whole);
  const [values, places] = ops.topk(ops.cat([candidates, rest], 1), count);
  const inBlocks = ops.add(ops.mulScalar(ops.gather(chosen, 1, ops.clamp(ops.divScalarRounded(places, block, 'floor'), null, count - 1)), block), ops.remainderScalar(places, block));
  const inRest = ops.addScalar(places, whole - count * block);
  return { values, indices: ops.where(ops.ltScalar(places, count * block), inBlocks, inRest) };
}
