import type { WorkContext } from '@tunesmith/tensor';
import { likeliest, type DomainJudge } from './domain-judge.js';
import type { LabelledText } from './label-judge.js';

/** How often a judge says of texts what is known of them. */
export interface JudgeAccuracy {
  readonly texts: number;
  /** Texts that it gave no answer for count as wrong. */
  readonly discarded: number;
  /** Right ones of all texts. */
  readonly accuracy: number;
  /** The mean over domains of the right part of each. */
  readonly balancedAccuracy: number;
  /** Known domain -> domain said -> texts. */
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export async function judgeAccuracy(judge: DomainJudge, texts: readonly LabelledText[], domains: readonly string[], context: WorkContext): Promise<JudgeAccuracy> {
  const verdicts = await judge.judge(texts.map(({ text }) => text), context);
  const confusion = Object.fromEntries(domains.map((known): [string, Record<string, number>] => [known, Object.fromEntries(domains.map((said) => [said, 0]))]));
  let discarded = 0;
  for (const [index, verdict] of verdicts.entries()) {
    if (verdict === null) discarded += 1;
    else confusion[texts[index]!.domain]![domains[likeliest(verdict)]!]! += 1;
  }
  const right = domains.reduce((sum, domain) => sum + confusion[domain]![domain]!, 0);
  const known = domains.map((domain) => ({ domain, count: texts.filter((text) => text.domain === domain).length })).filter(({ count }) => count > 0);
  const balancedAccuracy = known.reduce((sum, { domain, count }) => sum + confusion[domain]![domain]! / count, 0) / known.length;
  return { texts: texts.length, discarded, accuracy: right / texts.length, balancedAccuracy, confusion };
}
