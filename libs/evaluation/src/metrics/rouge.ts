import { defineMetric, type Metric } from './metric.js';
import { predictedText } from './predicted-text.js';
import { rougeL as ofSubsequence, rougeN } from './rouge-score.js';

/** The F-measure against the right answer that is nearest. */
function rouge(name: string, score: (prediction: string, reference: string) => number): Metric {
  return defineMetric({
    name,
    aggregation: 'mean',
    higherIsBetter: true,
    functions: {
      ofGeneration({ prediction, references }) {
        const said = predictedText(name, prediction);
        return Math.max(...references.map((reference) => score(said, reference)));
      },
    },
  });
}

export const rouge1 = rouge('rouge1', (prediction, reference) => rougeN(1, prediction, reference));
export const rouge2 = rouge('rouge2', (prediction, reference) => rougeN(2, prediction, reference));
export const rougeL = rouge('rougeL', ofSubsequence);
