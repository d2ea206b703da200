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

/** A token with the natural logarithm of its probability. */
export interface LikelyToken {
  readonly id: number;
  readonly logProb: number;
}

/** As `chooseTokens`, where each row has its own settings. */
export function chooseTokensOfRows(logits: Tensor, samplings: readonly Sampling[], uniforms: readonly number[]): ChosenTokens {
  const alike = Map.groupBy(samplings.keys(), (row) => `${samplings[row]!.temperature} ${samplings[row]!.topP}`);
  if (alike.size <= 1) return chooseTokens(logits, samplings[0] ?? { temperature: 0, topP: 1 }, uniforms);
  const tokenIds = samplings.map(() => 0);
  const logProbs = samplings.map(() => 0);
  for (const rows of alike.values()) {
    const own = ops.indexSelect(logits, 0, tensor(rows, { dtype: 'int64', device: logits.device }));
    const chosen = chooseTokens(own, samplings[rows[0]!]!, rows.map((row) => uniforms[row]!));
    rows.forEach((row, place) => {
      tokenIds[row] = chosen.tokenIds[place]!;
      logProbs[row] = chosen.logProbs[place]!;
    });
  }
  return { tokenIds, logProbs };
}

/** The likeliest tokens of each row of logits [rows, vocabulary], the likeliest first, as many as `counts` says. */
export function likeliestTokens(logits: Tensor, counts: readonly number[]): LikelyToken[][] {
  const most = Math.min(Math.max(0, ...counts), logits.shape[1]!);
  if (most === 0) return counts.map(() => []);
  const scores = ops.toDtype(logits, 'float32'); // [rows, vocabulary]
  const [top, tokenIds] = ops.topk(scores, most, -1, true, true); // [rows, most] each
  // Beside the highest, because the sum of large logits keeps few digits.
  const highest = ops.narrow(top, 1, 0, 1);
  const likely = ops.sub(ops.sub(top, highest), ops.logsumexp(ops.sub(scores, highest), [-1], true));
  const [logProbs, ids] = [likely.toArray(), tokenIds.toArray()];
  return counts.map((count, row) => Array.from({ length: Math.min(count, most) }, (_, place) => ({ id: ids[row * most + place]!, logProb: logProbs[row * most + place]! })));
}

/**
 * One token for each row of logits [rows, vocabulary]. `uniforms` holds a number in [0, 1) for each row, which decides the draw:
 * the same number and the same logits always give the same token.
 */
export function chooseTokens(logits: Tensor, { temperature, topP }: Sampling, uniforms: readonly number[]): ChosenTokens {
  const [chosen, logProbs] = temperature === 0 ? ops.likeliest(logits) : drawn(logits, { temperature, topP }, uniforms); // [rows] each
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
  const chosen = draw(ops.divScalar(scores, temperature), topP, uniforms); // [rows]
  const beside = ops.sub(scores, ops.amax(scores, [-1], true));
  const score = ops.squeeze(ops.gather(beside, 1, ops.unsqueeze(chosen, 1)), 1);
  return [chosen, ops.sub(score, ops.logsumexp(beside, [-1]))];
}

/** How many of the likeliest tokens are sorted to find the nucleus, until they hold it: few hardly ever do not, and to sort a vocabulary takes as long as the model. */
const candidates = [256, 8192, Infinity];

/**
 * Nucleus sampling (1904.09751): the place where the running sum of sorted probabilities passes uniform * kept mass. What a row draws is of its own
 * scores alone, also where other rows of the batch need more candidates.
 */
function draw(scores: Tensor, topP: number, uniforms: readonly number[]): Tensor {
  if (topP >= 1) return drawnFromAll(scores, uniforms);
  const { device } = scores;
  const totals = ops.logsumexp(scores, [-1], true); // [rows, 1]
  const chosen = Array.from(uniforms, () => 0);
  let open = [...uniforms.keys()];
  for (const count of candidates) {
    const rows = tensor(open, { dtype: 'int64', device });
    const [top, tokenIds] = ops.topk(ops.indexSelect(scores, 0, rows), Math.min(count, scores.shape[1]!), -1, true, true); // [open, count]
    const sums = ops.cumsum(ops.exp(ops.sub(ops.toDtype(top, 'float64'), ops.toDtype(ops.indexSelect(totals, 0, rows), 'float64'))), -1);
    const held = ops.squeeze(ops.narrow(sums, 1, top.shape[1]! - 1, 1), 1).toArray();
    const drawn = drawnFromNucleus(sums, tokenIds, topP - roundingOfSums, open.map((row) => uniforms[row]!)).toArray();
    for (const [place, row] of open.entries()) chosen[row] = drawn[place]!;
    open = open.filter((_, place) => held[place]! < topP - roundingOfSums);
    if (open.length === 0 || count >= scores.shape[1]!) break;
  }
  return tensor(chosen, { dtype: 'int64', device });
}

/** Sums of probabilities are as exact as the float32 logarithm of their total. */
const roundingOfSums = 1e-6;

/** Without a nucleus no order is needed. */
function drawnFromAll(scores: Tensor, uniforms: readonly number[]): Tensor {
  const sums = ops.cumsum(ops.softmax(ops.toDtype(scores, 'float64'), -1), -1); // [rows, vocabulary]
  const last = sums.shape[1]! - 1;
  return ops.squeeze(ops.clamp(ops.searchsorted(sums, ops.mul(column(uniforms, sums), ops.narrow(sums, 1, last, 1)), true), null, last), 1);
}

/** The token where the running sums [rows, n] of the likeliest tokens pass uniform * mass of the nucleus. */
function drawnFromNucleus(sums: Tensor, tokenIds: Tensor, topP: number, uniforms: readonly number[]): Tensor {
  const last = sums.shape[1]! - 1;
  // The first sum that reaches topP ends the nucleus; rounding may keep even the last one below it.
  const end = ops.clamp(ops.searchsorted(sums, column(uniforms.map(() => topP), sums)), null, last); // [rows, 1]
  const found = ops.searchsorted(sums, ops.mul(column(uniforms, sums), ops.gather(sums, 1, end)), true);
  return ops.squeeze(ops.gather(tokenIds, 1, ops.minimum(found, end)), 1);
}

function column(numbers: readonly number[], { device }: Tensor): Tensor {
  return tensor(numbers, { shape: [numbers.length, 1], dtype: 'float64', device });
}
