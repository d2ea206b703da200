import type { EditCounts } from '../aggregations/ter.js';
import { defineMetric } from './metric.js';
import { predictedText } from './predicted-text.js';
import { pythonSpaces } from '@tunesmith/tokenizers';
import { countEdits } from './translation-edits.js';

/**
 * The translation edit rate of the whole corpus (Snover et al. 2006) as sacrebleu counts it by default: edits of words, in small letters, for each hundred right words. Of several
 * right answers the nearest counts, and their mean length.
 */
export const ter = defineMetric({
  name: 'ter',
  aggregation: 'ter',
  higherIsBetter: false,
  functions: {
    ofGeneration({ prediction, references }): EditCounts {
      const said = wordsOf(predictedText('ter', prediction));
      const right = references.map(wordsOf);
      return { edits: Math.min(...right.map((words) => countEdits(said, words))), right: right.reduce((sum, { length }) => sum + length, 0) / right.length };
    },
  },
});

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(pythonSpaces).filter((word) => word !== '');
}
