import type { FinishedJob } from './run-job.js';

/** What a reader of a step's figures has to know about them. */
export function remarksOf({ step }: Pick<FinishedJob, 'step'>): string[] {
  const { remarks } = step.metrics;
  return Array.isArray(remarks) ? remarks.map(String) : [];
}
