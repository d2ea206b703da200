import type { BleuCounts } from '../aggregations/bleu.js';
import { defineMetric } from './metric.js';
import { countNGrams, countShared } from './n-grams.js';
import { predictedText } from './predicted-text.js';
import { pythonSpaces } from '@tunesmith/tokenizers';

const trailingSpaces = new RegExp(`${pythonSpaces.source}$`, 'u');

/**
 * BLEU of the whole corpus (Papineni et al. 2002), 0 to 100, as sacrebleu counts it by default (Post 2018): 1- to 4-grams of the tokens of mteval-v13a, letters as
 * they are. Of several right answers an n-gram counts as often as in the one that has it most, and the length is that of the nearest, of
 * equally near ones the shorter.
 */
export const bleu = defineMetric({
  name: 'bleu',
  aggregation: 'bleu',
  higherIsBetter: true,
  functions: {
    ofGeneration({ prediction, references }): BleuCounts {
      const said = tokenize13a(predictedText('bleu', prediction));
      const right = references.map(tokenize13a);
      const nearest = right.map(({ length }) => length).reduce((best, length) => {
        const [closer, than] = [Math.abs(length - said.length), Math.abs(best - said.length)];
        return closer < than || (closer === than && length < best) ? length : best;
      });
      const orders = [1, 2, 3, 4].map((length) => {
        const own = countNGrams(said, length);
        const most = new Map<string, number>();
        for (const tokens of right) for (const [key, count] of countNGrams(tokens, length)) most.set(key, Math.max(count, most.get(key) ?? 0));
        return { matched: countShared(own, most), all: Math.max(said.length - length + 1, 0) };
      });
      return { said: said.length, right: nearest, orders };
    },
  },
});

/** The tokens of mteval-v13a.pl, the script of the machine translation workshops: for languages with spaces between words. */
function tokenize13a(text: string): string[] {
  const plain = text
    .replace(trailingSpaces, '')
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  return ` ${plain} `
    .replace(/[{-~[-` -&(-+:-@/]/gu, ' $& ')
    // A full stop or comma inside a number stays there.
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/gu, '$1 $2 ')
    .split(pythonSpaces)
    .filter((token) => token !== '');
}
