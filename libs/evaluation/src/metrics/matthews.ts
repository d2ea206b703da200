import { defineMetric, largestPlace } from './metric.js';

/** The Matthews correlation of what is right and what is likeliest. */
export const matthews = defineMetric({ name: 'mcc', aggregation: 'matthews_corrcoef', higherIsBetter: true, functions: { ofChoices: ({ logProbs, gold }) => [gold[0]!, largestPlace(logProbs)] } });
