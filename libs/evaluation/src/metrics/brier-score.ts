import { defineMetric } from './metric.js';

/** The squared distance between the choices' probabilities, made to sum to 1, and the right one (Brier 1950). */
export const brierScore = defineMetric({
  name: 'brier_score',
  aggregation: 'mean',
  higherIsBetter: false,
  functions: {
    ofChoices({ logProbs, gold }) {
      const highest = Math.max(...logProbs);
      const weights = logProbs.map((logProb) => Math.exp(logProb - highest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.reduce((sum, weight, place) => sum + (weight / total - (place === gold[0] ? 1 : 0)) ** 2, 0);
    },
  },
});
