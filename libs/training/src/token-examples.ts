import type { FittedRows } from '@tunesmith/datasets';
import type { ExampleSet } from './objective.js';
import { allTokens, trainedTokens } from './trained-batch.js';

/** Rows as examples of an objective that counts tokens: one each, as heavy as it has trained tokens. */
export function tokenExamples({ rows, longRows }: FittedRows): ExampleSet {
  return { examples: rows.map((row) => ({ index: row.index, rows: [row], tokens: allTokens([row]), weight: trainedTokens(row) })), longRows };
}
