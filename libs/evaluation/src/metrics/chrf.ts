import { fScore, type ChrfCounts } from '../aggregations/chrf.js';
import { defineMetric } from './metric.js';
import { countNGrams, countShared } from './n-grams.js';
import { predictedText } from './predicted-text.js';
import { pythonSpaces } from './python-spaces.js';

const longest = 6;

/**
 * chrF of the whole corpus (Popović 2015), 0 to 100, as sacrebleu counts it by default: the F score of 1- to 6-grams of characters without spaces, in which what
 * is missing weighs twice as much as what is too much. Of several right answers that counts which the answer is nearest to.
 */
export const chrf = defineMetric({
  name: 'chrf',
  aggregation: 'chrf',
  higherIsBetter: true,
  functions: {
    ofGeneration({ prediction, references }): ChrfCounts {
      const said = gramsOf(predictedText('chrf', prediction));
      const all = references.map((reference): ChrfCounts => gramsOf(reference).map((right, order) => {
        const own = said[order]!;
        // An order that the right answer is too short for counts for nothing.
        return { said: right.size === 0 ? 0 : sum(own), right: sum(right), matched: countShared(own, right) };
      }));
      return all.reduce((best, counts) => (fScore(counts) > fScore(best) ? counts : best));
    },
  },
});

/** How often each sequence of one, two and so on characters occurs. */
function gramsOf(text: string): Map<string, number>[] {
  const characters = [...text.split(pythonSpaces).join('')];
  return Array.from({ length: longest }, (_, order) => countNGrams(characters, order + 1));
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
