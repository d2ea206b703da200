import { fScore, type ChrfCounts } from '../aggregations/chrf.js';
import { asciiPunctuation } from './ascii-punctuation.js';
import { defineMetric, type Metric } from './metric.js';
import { countNGrams, countShared } from './n-grams.js';
import { predictedText } from './predicted-text.js';
import { pythonSpaces } from '@tunesmith/tokenizers';

const longest = 6;

/** What chrF++ counts beside characters. */
const longestOfWords = 2;

/**
 * chrF of the whole corpus (Popović 2015), 0 to 100, as sacrebleu counts it by default: the F score of 1- to 6-grams of characters without spaces, in which what
 * is missing weighs twice as much as what is too much. Of several right answers that counts which the answer is nearest to.
 */
export const chrf = ofGrams('chrf', (text) => gramsOf(text));

/** As `chrf`, with single words and pairs of words beside the characters (chrF++, Popović 2017). */
export const chrfWithWords = ofGrams('chrf++', (text) => [...gramsOf(text), ...wordGramsOf(text)]);

function ofGrams(name: string, grams: (text: string) => Map<string, number>[]): Metric {
  return defineMetric({
    name,
    aggregation: name,
    higherIsBetter: true,
    functions: {
      ofGeneration({ prediction, references }): ChrfCounts {
        const said = grams(predictedText(name, prediction));
        const all = references.map((reference): ChrfCounts => grams(reference).map((right, order) => {
          const own = said[order]!;
          // An order that the right answer is too short for counts for nothing.
          return { said: right.size === 0 ? 0 : sum(own), right: sum(right), matched: countShared(own, right) };
        }));
        return all.reduce((best, counts) => (fScore(counts) > fScore(best) ? counts : best));
      },
    },
  });
}

/** How often each sequence of one, two and so on characters occurs. */
function gramsOf(text: string): Map<string, number>[] {
  const characters = [...text.split(pythonSpaces).join('')];
  return Array.from({ length: longest }, (_, order) => countNGrams(characters, order + 1));
}

/** How often each word and each pair of words occurs; a mark at a word's end, else at its start, stands apart. */
function wordGramsOf(text: string): Map<string, number>[] {
  const isMark = (character: string): boolean => character.search(asciiPunctuation) === 0;
  const words = text.split(pythonSpaces).filter((word) => word !== '').flatMap((word) => {
    const characters = [...word];
    if (characters.length === 1) return [word];
    if (isMark(characters.at(-1)!)) return [characters.slice(0, -1).join(''), characters.at(-1)!];
    return isMark(characters[0]!) ? [characters[0]!, characters.slice(1).join('')] : [word];
  });
  return Array.from({ length: longestOfWords }, (_, order) => countNGrams(words, order + 1));
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
