import { expressionPattern } from '@tunesmith/contracts';
import { RefusedError } from '../errors.js';

/** JSON as recipes hold it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Every `${{ … }}` in a value, without its braces: `event.dataset`, `steps.train.adapter`. */
export function expressionsIn(value: Json): string[] {
  if (typeof value === 'string') return [...value.matchAll(expressionPattern)].map(([, expression]) => expression!);
  if (Array.isArray(value)) return value.flatMap(expressionsIn);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(expressionsIn) : [];
}

/**
 * Puts `valueOf(expression)` in the place of every `${{ expression }}`; one that gives undefined stays as it is. A text that is one expression becomes
 * the value itself, whatever it is, and among the items of a list a list becomes its items; inside a longer text only texts, numbers and booleans can stand.
 *
 * @throws RefusedError `recipe-value` for a list or an object inside a text.
 */
export function substitute(value: Json, valueOf: (expression: string) => Json | undefined): Json {
  if (typeof value === 'string') return substituteText(value, valueOf);
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const put = substitute(item, valueOf);
      return typeof item === 'string' && Array.isArray(put) ? put : [put];
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, substitute(inner, valueOf)]));
}

function substituteText(text: string, valueOf: (expression: string) => Json | undefined): Json {
  const [only] = text.matchAll(expressionPattern);
  if (only?.[0] === text) {
    const put = valueOf(only[1]!);
    return put === undefined ? text : put;
  }
  return text.replace(expressionPattern, (whole, expression: string) => {
    const put = valueOf(expression);
    if (put === undefined) return whole;
    if (typeof put !== 'object') return String(put);
    throw new RefusedError({ code: 'recipe-value', message: `expected one text or number for "${whole}" inside "${text}"; got ${JSON.stringify(put).slice(0, 120)}`, facts: { expression } });
  });
}

/** `steps.NAME.OUTPUT` taken apart; undefined for anything else. */
export function stepOutput(expression: string): { step: string; output: string } | undefined {
  // A step's name may hold dots, an output's never does.
  const match = /^steps\.(.+)\.([^.]+)$/.exec(expression);
  return match ? { step: match[1]!, output: match[2]! } : undefined;
}
