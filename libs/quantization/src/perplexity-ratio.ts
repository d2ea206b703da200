import { studentReach } from '@tunesmith/evaluation';

/** How many times the model's own perplexity that of a file is: the estimate, and what it lies between with 95 % confidence. Plain JSON. */
export type PerplexityRatio = { ratio: number; low: number; high: number };

/**
 * Fewer scored tokens decide nothing. What a file adds to a token's negative log-probability scatters by 0.65 (GPTQ) to 1.2 nats (rounding to nearest) where the weights of a small model have
 * four bits, so that the mean of 1,000 tokens is known to 4 to 7 %, which is about what tells one way of packing from another; that of 100 to 13 to 23 %.
 */
export const fewestTokens = 1000;

/**
 * From what model and file give the same tokens (natural logarithms), token by token: where both find a text hard it does not count. Tokens of one text go together somewhat, so the truth
 * lies outside a little more often than one time in twenty. Null for fewer than two tokens.
 */
export function perplexityRatio(model: readonly number[], file: readonly number[]): PerplexityRatio | null {
  const count = model.length;
  if (count < 2) return null;
  const lost = model.map((own, token) => own - file[token]!);
  const mean = lost.reduce((sum, each) => sum + each, 0) / count;
  const variance = lost.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (count - 1);
  const reach = studentReach(0.95, count - 1) * Math.sqrt(variance / count);
  return { ratio: Math.exp(mean), low: Math.exp(mean - reach), high: Math.exp(mean + reach) };
}

/** By target. */
type Ratios = readonly (readonly [target: string, ratio: PerplexityRatio | null])[];

/** What a reader of perplexities has to know where they are of too few tokens; undefined where there are enough. */
export function tooFewTokens({ rows, tokens }: { readonly rows: number; readonly tokens: number }, ratios: Ratios): string | undefined {
  if (tokens >= fewestTokens) return undefined;
  return `perplexities are of ${tokens} tokens in ${rows} held-out rows: too few to decide by, expected at least ${fewestTokens} (against the model, ${intervals(ratios)}). Give a dataset with more rows of the split "validation".`;
}

/** The same where nobody gave rows. */
export function textStoodIn(tokens: number, ratios: Ratios): string {
  return `perplexities are of ${tokens} tokens of a text that stands in for yours: they show that the files work, and decide nothing (against the model, ${intervals(ratios)}). Give held-out rows of your own with a dataset.`;
}

function intervals(ratios: Ratios): string {
  const percent = (ratio: number) => `${ratio >= 1 ? '+' : '-'}${(100 * Math.abs(ratio - 1)).toFixed(1)} %`;
  return ratios.map(([target, found]) => `${target}: ${found === null ? 'not known' : `${percent(found.ratio)}, ${percent(found.low)} to ${percent(found.high)} with 95 % confidence`}`).join('; ');
}
