import { defineMetric, type PartedValues } from './metric.js';
import { countNGrams, countShared } from './n-grams.js';
import { predictedText } from './predicted-text.js';
import { squadWords } from './squad-words.js';

/** F1 of the words that an answer shares with the right one, of several the nearest (SQuAD, Rajpurkar et al. 2016), 0 to 1; called `f1`. Without words on one side: whether there are none on both. */
export const tokenF1 = defineMetric({
  name: 'token_f1',
  aggregation: 'mean',
  higherIsBetter: true,
  functions: {
    parts: ['f1'],
    ofGeneration({ prediction, references }): PartedValues {
      const said = squadWords(predictedText('token_f1', prediction));
      return { values: { f1: Math.max(...references.map((reference) => f1(said, squadWords(reference)))) } };
    },
  },
});

function f1(said: readonly string[], right: readonly string[]): number {
  if (said.length === 0 || right.length === 0) return said.length === right.length ? 1 : 0;
  return (2 * countShared(countNGrams(said, 1), countNGrams(right, 1))) / (said.length + right.length);
}
