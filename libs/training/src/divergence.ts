import { ops, type Tensor } from '@tunesmith/tensor';

/** What a teacher says at each place: the tokens it speaks of and how likely they are, as logits up to a constant per row. */
export interface TaughtLogits {
  readonly logits: Tensor; // [rows, entries], -inf where an entry means nothing
  /** int64 [rows, entries]; null: the entries are the first tokens of the vocabulary. */
  readonly tokens: Tensor | null;
}

export interface DivergenceOptions {
  readonly divergence: 'forward-kl' | 'reverse-kl';
  /** Divides the logits of both before the softmax. */
  readonly temperature: number;
}

/** Stands for the logarithm of 0; finite, so that 0 times it is 0. */
const logOfNothing = -1e4;

/**
 * How far a student is from its teacher, row by row, in nats; times temperature², which keeps gradients as large as those of labels (arXiv
 * 1503.02531, section 2).
 *
 * The teacher's entries are renormalised among themselves. `forward-kl` KL(teacher | student) asks for the student's probabilities of them in the
 * whole vocabulary, as FuseChat does; `reverse-kl` KL(student | teacher) has to renormalise the student's as well, because outside of the entries the
 * teacher says nothing.
 *
 * @param logits the student's [rows, vocabulary]
 * @returns [rows]
 */
export function divergence(logits: Tensor, taught: TaughtLogits, { divergence: kind, temperature }: DivergenceOptions): Tensor {
  const teacher = ops.clamp(ops.logSoftmax(ops.divScalar(taught.logits, temperature), -1), logOfNothing, null); // [rows, entries]
  const whole = ops.logSoftmax(ops.divScalar(logits, temperature), -1); // [rows, vocabulary]
  const entries = taught.logits.shape[1]!;
  const spoken = taught.tokens ? ops.gather(whole, 1, taught.tokens) : ops.narrow(whole, 1, 0, entries); // [rows, entries]
  const student = kind === 'reverse-kl' ? ops.logSoftmax(spoken, -1) : spoken;
  const [of, from] = kind === 'forward-kl' ? [teacher, student] : [student, teacher];
  return ops.mulScalar(ops.sum(ops.mul(ops.exp(of), ops.sub(of, from)), [-1]), temperature ** 2);
}
