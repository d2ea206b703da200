import { z } from 'zod';
import { EvaluationError } from '../evaluation-error.js';
import { findAll, pythonRegExp } from '../harness/python-regexp.js';
import { Pattern, RegexSettings } from './regex.js';
import { defineFilter, mapTexts } from './response-filter.js';

/**
 * The letter of a choice, `(A)`, in each response: by the pattern, else by the text of one of the document's `choices`, else by a letter after a
 * colon.
 */
export const multiChoiceRegex = defineFilter({
  name: 'multi_choice_regex',
  settings: RegexSettings.extend({ ignore_case: z.boolean().default(false), ignore_punctuation: z.boolean().default(false), regexes_to_ignore: z.array(Pattern).nullable().default(null) }),
  apply(responses, { regex_pattern, group_select, fallback, ignore_case, ignore_punctuation, regexes_to_ignore }, { choices }) {
    if (!Array.isArray(choices)) throw new EvaluationError({ message: 'The filter multi_choice_regex needs documents with a list "choices"; this one has none.', code: 'filter-not-applicable' });
    const plain = (text: string): string => {
      let kept = (regexes_to_ignore ?? []).reduce((rest, pattern) => rest.replace(pythonRegExp(pattern), ''), text);
      if (ignore_case) kept = kept.toLowerCase();
      return ignore_punctuation ? kept.replace(/\p{P}/gu, '') : kept;
    };
    const letters = choices.map((_, index) => String.fromCharCode(65 + index));
    const byText = new Map(choices.map((choice, index) => [plain(String(choice).trim()), `(${letters[index]!})`]));
    // A choice whose text begins another must not stand before it.
    const texts = [...byText.keys()].sort((one, other) => other.length - one.length).map((text) => text.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&'));
    const find = (expression: RegExp, text: string): string | undefined => {
      const found = findAll(expression, text).at(group_select);
      const match = Array.isArray(found) ? found.find((group) => group !== '') : found;
      return match?.trim() || undefined;
    };
    return mapTexts(responses, (text) => {
      const direct = find(pythonRegExp(regex_pattern), text);
      if (direct !== undefined) return direct;
      const spelled = find(new RegExp(texts.join('|'), 'gu'), plain(text));
      if (spelled !== undefined) return byText.get(spelled) ?? spelled;
      const letter = find(new RegExp(`:\\s*(${letters.join('|')})`, 'gu'), text);
      return letter === undefined ? fallback : `(${letter})`;
    });
  },
});
