import { mean, standardError } from '../mean.js';
import type { Aggregation } from './aggregation.js';

/** exp of minus the mean; its error by the slope of exp. */
export const perplexity: Aggregation = {
  name: 'perplexity',
  aggregate: (values) => Math.exp(-mean(values as number[])),
  standardError(values) {
    const error = standardError(values as number[]);
    return error === undefined ? undefined : error * Math.exp(-mean(values as number[]));
  },
};

/** Of pairs of a log-probability and a weight, such as the words of a text: minus the sum of the first by that of the second. */
function lossPerUnit(values: readonly unknown[]): number {
  const pairs = values as (readonly [number, number])[];
  return -pairs.reduce((sum, [logProb]) => sum + logProb, 0) / pairs.reduce((sum, [, weight]) => sum + weight, 0);
}

/** Nats for each unit, such as a token. */
export const lossByWeight: Aggregation = { name: 'loss_by_weight', aggregate: lossPerUnit };
export const weightedPerplexity: Aggregation = { name: 'weighted_perplexity', aggregate: (values) => Math.exp(lossPerUnit(values)) };
export const bitsPerByte: Aggregation = { name: 'bits_per_byte', aggregate: (values) => lossPerUnit(values) / Math.LN2 };
