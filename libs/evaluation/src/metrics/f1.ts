import { defineMetric, largestPlace } from './metric.js';

/** Of questions with two choices: the F1 of the second one over all documents. */
export const f1 = defineMetric({ name: 'f1', aggregation: 'f1', higherIsBetter: true, functions: { ofChoices: ({ logProbs, gold }) => [gold[0]!, largestPlace(logProbs)] } });
