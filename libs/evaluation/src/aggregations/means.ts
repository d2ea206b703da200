import { mean, standardError } from '../mean.js';
import type { Aggregation } from './aggregation.js';

export const meanOfValues: Aggregation = {
  name: 'mean',
  ofMean: (value) => value as number,
  aggregate: (values) => mean(values as number[]),
  standardError: (values) => standardError(values as number[]),
};

/** What lm-evaluation-harness calls the mean of `brier_score`, whose values here are numbers already. */
export const meanOfBrierScores: Aggregation = { ...meanOfValues, name: 'brier_score' };

/** Without the documents that have no value. */
export const meanOfNumbers: Aggregation = {
  name: 'nanmean',
  ofMean: (value) => (Number.isNaN(value) ? null : (value as number)),
  aggregate: (values) => mean((values as number[]).filter((each) => !Number.isNaN(each))),
  standardError: (values) => standardError((values as number[]).filter((each) => !Number.isNaN(each))),
};

/** Without the documents that count for nothing here (null); 0 where none counts. */
export const meanWhereScored: Aggregation = {
  name: 'mean_where_scored',
  ofMean: (value) => value as number | null,
  aggregate: (values) => (scored(values).length === 0 ? 0 : mean(scored(values))),
  standardError: (values) => standardError(scored(values)),
};

/** The upper one of the two in the middle. */
export const median: Aggregation = {
  name: 'median',
  aggregate: (values) => [...(values as number[])].sort((one, other) => one - other)[Math.floor(values.length / 2)]!,
};

function scored(values: readonly unknown[]): number[] {
  return (values as (number | null)[]).filter((each) => each !== null);
}
