import { f1, matthewsCorrelation } from './aggregations/agreements.js';
import type { Aggregation } from './aggregations/aggregation.js';
import { bleu } from './aggregations/bleu.js';
import { meanOfBrierScores, meanOfNumbers, meanOfValues, meanWhereScored, median } from './aggregations/means.js';
import { bitsPerByte, lossByWeight, perplexity, weightedPerplexity } from './aggregations/perplexities.js';
import { EvaluationError } from './evaluation-error.js';
import { standardDeviation } from './mean.js';
import type { MetricValue } from './metrics/metric.js';
import { resample } from './statistics/resample.js';

/** Every way to one number from those of the documents. */
export const aggregations: readonly Aggregation[] = [meanOfValues, meanOfNumbers, meanWhereScored, meanOfBrierScores, median, perplexity, lossByWeight, weightedPerplexity, bitsPerByte, f1, matthewsCorrelation, bleu];

/** @throws EvaluationError `aggregation-unknown` */
export function findAggregation(name: string): Aggregation {
  const aggregation = aggregations.find((each) => each.name === name);
  if (aggregation) return aggregation;
  throw new EvaluationError({ message: `Expected an aggregation out of ${aggregations.map((each) => each.name).join(', ')}; got "${name}".`, code: 'aggregation-unknown', facts: { name } });
}

/** Times that documents are drawn anew. */
const draws = 200;

/** The standard error of an aggregation: by its formula, else as the spread over documents drawn anew, with replacement (Efron 1979). The same each time. */
export function errorOf(aggregation: Aggregation, values: readonly MetricValue[]): number | undefined {
  if (values.length < 2) return undefined;
  if (aggregation.standardError) return aggregation.standardError(values);
  return standardDeviation(resample(values.length, draws, 1, (places) => aggregation.aggregate(Array.from(places, (place) => values[place]))));
}
