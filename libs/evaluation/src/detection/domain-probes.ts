import { EvaluationError } from '../evaluation-error.js';
import { likeliest } from './domain-judge.js';
import type { DomainLabels } from './domain-labels.js';

/** Texts that name each domain in turn: whoever cannot tell these apart tells nothing apart. */
export function domainProbes(labels: DomainLabels): string[] {
  return Object.values(labels).map((words) => `${words.join(', ')}. This text is about ${words[0]!}.`);
}

/** @param advice what may make it better. @throws EvaluationError `judge-constant` where all verdicts on the probes are the same domain. */
export function expectTellsApart(verdicts: readonly (readonly number[])[], domains: readonly string[], calibration: Readonly<Record<string, unknown>>, advice: string): void {
  const said = new Set(verdicts.map(likeliest));
  if (said.size > 1) return;
  const label = domains[[...said][0]!]!;
  throw new EvaluationError({
    message: `judge: expected one that tells domains apart; texts that name ${domains.join(', ')} in turn are all "${label}" to it. ${advice}`,
    code: 'judge-constant', facts: { label, calibration },
  });
}
