import { expressionPattern } from '@tunesmith/contracts';

/** JSON as recipes hold it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Every `${{ … }}` in a value, without its braces: `event.dataset`, `steps.train.adapter`. */
export function expressionsIn(value: Json): string[] {
  if (typeof value === 'string') return [...value.matchAll(expressionPattern)].map(([, expression]) => expression!);
  if (Array.isArray(value)) return value.flatMap(expressionsIn);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(expressionsIn) : [];
}

/** Puts `valueOf(expression)` in the place of every `${{ expression }}`, also inside longer texts; an expression that gives undefined stays as it is. */
export function substitute(value: Json, valueOf: (expression: string) => string | undefined): Json {
  if (typeof value === 'string') return value.replace(expressionPattern, (whole, expression: string) => valueOf(expression) ?? whole);
  if (Array.isArray(value)) return value.map((item) => substitute(item, valueOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, substitute(inner, valueOf)]));
}

/** `steps.NAME.OUTPUT` taken apart; undefined for anything else. */
export function stepOutput(expression: string): { step: string; output: string } | undefined {
  // A step's name may hold dots, an output's never does.
  const match = /^steps\.(.+)\.([^.]+)$/.exec(expression);
  return match ? { step: match[1]!, output: match[2]! } : undefined;
}
