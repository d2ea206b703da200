import { z } from 'zod';
import { findAll, pythonRegExp } from '../harness/python-regexp.js';
import { defineFilter, mapTexts } from './response-filter.js';

/** One that can be used: what is wrong with it is told before a model is asked. */
export const Pattern = z.string().superRefine((pattern, context) => {
  try {
    pythonRegExp(pattern);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message.replace(/\.$/, '') });
  }
});

export const RegexSettings = z.strictObject({
  regex_pattern: Pattern.default('#### (\\-?[0-9\\.\\,]+)'),
  group_select: z.int().default(0),
  fallback: z.string().default('[invalid]'),
});

/** What a pattern finds in each response: match number `group_select` (-1: the last), of several groups the first that is not empty. */
export const regex = defineFilter({
  name: 'regex',
  settings: RegexSettings,
  apply(responses, { regex_pattern, group_select, fallback }) {
    const expression = pythonRegExp(regex_pattern);
    return mapTexts(responses, (text) => {
      const found = findAll(expression, text).at(group_select);
      const match = Array.isArray(found) ? found.find((group) => group !== '') : found;
      return match === undefined ? fallback : match.trim();
    });
  },
});
