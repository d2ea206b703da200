import { f1, matthewsCorrelation } from './aggregations/agreements.js';
import type { Aggregation } from './aggregations/aggregation.js';
import { bleu } from './aggregations/bleu.js';
import { chrf, chrfWithWords } from './aggregations/chrf.js';
import { meanOfBrierScores, meanOfNumbers, meanOfValues, meanWhereScored, median } from './aggregations/means.js';
import { bitsPerByte, lossByWeight, perplexity, weightedPerplexity } from './aggregations/perplexities.js';
import { ter } from './aggregations/ter.js';
import { EvaluationError } from './evaluation-error.js';
import type { MetricValue } from './metrics/metric.js';
import { bootstrapError } from './statistics/resample.js';

/** Every way to one number from those of the documents. */
export const aggregations: readonly Aggregation[] = [meanOfValues, meanOfNumbers, meanWhereScored, meanOfBrierScores, median, perplexity, lossByWeight, weightedPerplexity, bitsPerByte, f1, matthewsCorrelation, bleu, chrf, chrfWithWords, ter];

/** @throws EvaluationError `aggregation-unknown` */
export function findAggregation(name: string): Aggregation {
  const aggregation = aggregations.find((each) => each.name === name);
  if (aggregation) return aggregation;
  throw new EvaluationError({ message: `Expected an aggregation out of ${aggregations.map((each) => each.name).join(', ')}; got "${name}".`, code: 'aggregation-unknown', facts: { name } });
}

/** The standard error of an aggregation: by its formula, else by drawing the documents anew. The same each time. */
export function errorOf(aggregation: Aggregation, values: readonly MetricValue[]): number | undefined {
  if (values.length < 2) return undefined;
  return aggregation.standardError ? aggregation.standardError(values) : bootstrapError(values.length, (places) => aggregation.aggregate(places.map((place) => values[place])));
}
