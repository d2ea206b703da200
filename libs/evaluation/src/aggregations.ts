import { counterUniform } from '@tunesmith/datasets';
import { f1, matthewsCorrelation } from './aggregations/agreements.js';
import type { Aggregation } from './aggregations/aggregation.js';
import { bleu } from './aggregations/bleu.js';
import { meanOfBrierScores, meanOfNumbers, meanOfValues, meanWhereScored, median } from './aggregations/means.js';
import { bitsPerByte, perplexity, weightedPerplexity } from './aggregations/perplexities.js';
import { EvaluationError } from './evaluation-error.js';
import { mean } from './mean.js';
import type { MetricValue } from './metrics/metric.js';

/** Every way to one number from those of the documents. */
export const aggregations: readonly Aggregation[] = [meanOfValues, meanOfNumbers, meanWhereScored, meanOfBrierScores, median, perplexity, weightedPerplexity, bitsPerByte, f1, matthewsCorrelation, bleu];

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
  const results = Array.from({ length: draws }, (_, draw) => aggregation.aggregate(values.map((_value, place) => values[Math.floor(counterUniform(1, draw, place) * values.length)])));
  const middle = mean(results);
  return Math.sqrt(results.reduce((sum, each) => sum + (each - middle) ** 2, 0) / (draws - 1));
}
