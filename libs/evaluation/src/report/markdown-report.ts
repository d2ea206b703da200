import { markdownTable } from '@tunesmith/pictures';
import type { EvaluationResults } from './evaluation-results.js';
import { comparisonTable, scoreTable } from './score-tables.js';

/** report.md: the scores, and how far the models are apart on the same items. */
export function markdownReport(results: EvaluationResults): string {
  const compared = comparisonTable(results);
  return `${markdownTable(scoreTable(results))}${compared.rows.length === 0 ? '' : `\nThis model less the other, on the same items:\n\n${markdownTable(compared)}`}`;
}
