import { ops, tensor, type Tensor } from '@tunesmith/tensor';
import { GenerationError } from './generation-error.js';

export interface Sampling {
  /** What logits are divided by; 0 takes the likeliest token. */
  readonly temperature: number;
  /** Draws from the likeliest tokens that together hold this much probability; 1 from all. */
  readonly topP: number;
}

export interface ChosenTokens {
  readonly tokenIds: readonly number[]; // [rows]
  /** Natural logarithms of the tokens' probabilities as the model gives them, before temperature and topP. */
  readonly logProbs: readonly number[]; // [rows]
}

/**
 * One token for each row of logits [rows, vocabulary]. `uniforms` holds a number in [0, 1) for each row, which decides the draw:
 * the same number and the same logits always give the same token.
 */
export function chooseTokens(logits: Tensor, { temperature, topP }: Sampling, uniforms: readonly number[]): ChosenTokens {
  const [chosen, logProbs] = temperature === 0 && logits.device === 'cpu' ? ops.likeliest(logits) : drawn(logits, { temperature, topP }, uniforms); // [rows] each
  const numbers = logProbs.toArray();
  const broken = numbers.findIndex((logProb) => !Number.isFinite(logProb));
  if (broken >= 0) {
    throw new GenerationError({
      message: `Expected finite logits; row ${broken} has NaN or infinity. The weights are damaged, or their type is too narrow: try float32.`,
      code: 'logits-not-finite',
      facts: { row: broken },
    });
  }
  return { tokenIds: chosen.toArray(), logProbs: numbers };
}

function drawn(logits: Tensor, { temperature, topP }: Sampling, uniforms: readonly number[]): [chosen: Tensor, logProbs: Tensor] {
  const scores = ops.toDtype(logits, 'float32'); // [rows, vocabulary]
  const chosen = temperature === 0 ? ops.argmax(scores, -1) : draw(ops.divScalar(scores, temperature), topP, uniforms); // [rows]
  const score = ops.squeeze(ops.gather(scores, 1, ops.unsqueeze(chosen, 1)), 1);
  return [chosen, ops.sub(score, ops.logsumexp(scores, [-1]))];
}

/** Nucleus sampling (1904.09751): the place where the running sum of sorted probabilities passes uniform * kept mass. */
function draw(scores: Tensor, topP: number, uniforms: readonly number[]): Tensor {
  const [sorted, tokenIds] = ops.sortStable(scores, true, -1, true); // [rows, vocabulary]
  const sums = ops.cumsum(ops.softmax(ops.toDtype(sorted, 'float64'), -1), -1);
  const last = (sums.shape[1] ?? 0) - 1;
  const column = (numbers: readonly number[]): Tensor => tensor(numbers, { shape: [numbers.length, 1], dtype: 'float64', device: sums.device });
  // The first sum that reaches topP ends the nucleus; rounding may keep even the last one below 1.
  const end = topP >= 1 ? undefined : ops.clamp(ops.searchsorted(sums, column(uniforms.map(() => topP))), null, last); // [rows, 1]
  const mass = end ? ops.gather(sums, 1, end) : ops.narrow(sums, 1, last, 1);
  const place = ops.searchsorted(sums, ops.mul(column(uniforms), mass), true);
  const within = end ? ops.minimum(place, end) : ops.clamp(place, null, last);
  return ops.squeeze(ops.gather(tokenIds, 1, within), 1);
}
