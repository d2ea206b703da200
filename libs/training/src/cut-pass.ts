import type { EncodedRow } from '@tunesmith/datasets';
import type { Example } from './objective.js';
import { tokensOf } from './tokens-of.js';

/** Rows shorter than this say little of a step. */
const shortestRow = 4;

/**
 * A pass of about `tokens` tokens that is like this one: as many rows, each cut to its share from the front, so that what is learned stays.
 * For measuring only.
 */
export function cutPass(pass: readonly Example[], tokens: number): readonly Example[] {
  const total = tokensOf(pass);
  if (tokens >= total) return pass;
  return pass.map((example) => {
    const rows = example.rows.map((row) => cutRow(row, tokens / total));
    return { ...example, rows, tokens: rows.reduce((sum, row) => sum + row.tokenIds.length + (row.sourceTokenIds?.length ?? 0), 0) };
  });
}

/** The first examples of a pass, up to `tokens` tokens and `least` at least: where an objective knows its examples as they are. */
export function shortenPass(pass: readonly Example[], tokens: number, least: number): readonly Example[] {
  let sum = 0;
  const count = pass.findIndex((example) => (sum += example.tokens) > tokens);
  return count < 0 ? pass : pass.slice(0, Math.max(least, count));
}

function cutRow(row: EncodedRow, share: number): EncodedRow {
  const cut = <Value>(values: readonly Value[]): readonly Value[] => values.slice(-Math.max(shortestRow, Math.round(values.length * share)));
  // Everything that a row says token by token goes with its tokens.
  const { length } = row.tokenIds;
  const fields = Object.entries(row).flatMap(([name, value]) => (Array.isArray(value) && (value.length === length || name === 'sourceTokenIds') ? [[name, cut(value as unknown[])] as const] : []));
  return { ...row, ...Object.fromEntries(fields) };
}
