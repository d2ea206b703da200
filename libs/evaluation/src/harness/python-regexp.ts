import { PatternError, pythonRegExp as readPattern } from '@tunesmith/tokenizers';
import { EvaluationError } from '../evaluation-error.js';

/** A regular expression of Python's `re` as one of JavaScript. @throws EvaluationError `pattern-invalid` */
export function pythonRegExp(pattern: string, flags = 'g'): RegExp {
  try {
    return readPattern(pattern, flags);
  } catch (cause) {
    if (!(cause instanceof PatternError)) throw cause;
    throw new EvaluationError({ message: cause.message, code: 'pattern-invalid', facts: { pattern }, cause });
  }
}

/** Python's `findall`: whole matches, the one group of each, or all groups of each. */
export function findAll(expression: RegExp, text: string): (string | string[])[] {
  return [...text.matchAll(expression)].map((match) => (match.length === 1 ? match[0] : match.length === 2 ? (match[1] ?? '') : match.slice(1).map((group) => group ?? '')));
}
