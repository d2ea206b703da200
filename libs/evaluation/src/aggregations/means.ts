import { mean, standardError } from '../mean.js';
import type { Aggregation } from './aggregation.js';

export const meanOfValues: Aggregation = {
  name: 'mean',
  aggregate: (values) => mean(values as number[]),
  standardError: (values) => standardError(values as number[]),
};

/** What lm-evaluation-harness calls the mean of `brier_score`, whose values here are numbers already. */
export const meanOfBrierScores: Aggregation = { ...meanOfValues, name: 'brier_score' };

/** Without the documents that have no value. */
export const meanOfNumbers: Aggregation = {
  name: 'nanmean',
  aggregate: (values) => mean((values as number[]).filter((each) => !Number.isNaN(each))),
  standardError: (values) => standardError((values as number[]).filter((each) => !Number.isNaN(each))),
};

/** The upper one of the two in the middle. */
export const median: Aggregation = {
  name: 'median',
  aggregate: (values) => [...(values as number[])].sort((one, other) => one - other)[Math.floor(values.length / 2)]!,
};
