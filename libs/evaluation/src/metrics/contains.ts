import { containsAnswer } from '../contains-answer.js';
import { defineMetric } from './metric.js';
import { predictedText } from './predicted-text.js';

/** Whether a right answer occurs in what was said, in whole words, whatever the case, punctuation and spacing. */
export const contains = defineMetric({
  name: 'contains',
  aggregation: 'mean',
  higherIsBetter: true,
  functions: {
    ofGeneration({ prediction, references }) {
      const said = predictedText('contains', prediction);
      return references.some((reference) => containsAnswer(said, reference)) ? 1 : 0;
    },
  },
});
