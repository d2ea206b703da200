import { z } from 'zod';
import { pythonRegExp } from '../harness/python-regexp.js';
import { asciiPunctuation } from './ascii-punctuation.js';
import { defineMetric } from './metric.js';
import { squadWords } from './squad-words.js';

/**
 * Whether a generated text is one of the right ones, after what is to be ignored is gone from both (`squad`: all that SQuAD ignores); of choices, whether greedy
 * decoding writes a right one.
 */
export const exactMatch = defineMetric({
  name: 'exact_match',
  aggregation: 'mean',
  higherIsBetter: true,
  options: z.strictObject({
    regexes_to_ignore: z.array(z.string()).nullable().default(null),
    ignore_case: z.boolean().default(false),
    ignore_punctuation: z.boolean().default(false),
    ignore_numbers: z.boolean().default(false),
    squad: z.boolean().default(false),
  }),
  functions({ regexes_to_ignore, ignore_case, ignore_punctuation, ignore_numbers, squad }) {
    const ignored = (regexes_to_ignore ?? []).map((pattern) => pythonRegExp(pattern));
    const plain = (text: string): string => {
      let kept = ignored.reduce((rest, pattern) => rest.replace(pattern, ''), text);
      if (ignore_case) kept = kept.toLowerCase();
      if (ignore_punctuation) kept = kept.replace(asciiPunctuation, '');
      if (ignore_numbers) kept = kept.replace(/[0-9]/g, '');
      return squad ? squadWords(kept).join(' ') : kept;
    };
    return {
      ofChoices: ({ greedy, gold }) => (gold.some((place) => greedy[place]) ? 1 : 0),
      ofGeneration({ prediction, references }) {
        const said = (Array.isArray(prediction) ? prediction : [prediction]).map((each) => plain(String(each)));
        const right = references.map(plain);
        // As in lm-evaluation-harness: of several predictions the share that is right, but of several right answers whether any is met.
        if (right.length > 1) return right.some((reference) => said.includes(reference)) ? 1 : 0;
        return said.filter((each) => each === right[0]).length / said.length;
      },
    };
  },
});
