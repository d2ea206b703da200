import { markdownTable } from '@tunesmith/pictures';
import type { EvaluationResults } from './evaluation-results.js';
import { comparisonTable, scoreTable } from './score-tables.js';

/** report.md: the scores, and how far the models are apart on the same items. */
export function markdownReport(results: EvaluationResults): string {
  const compared = comparisonTable(results);
  const remarks = results.tasks.flatMap(({ name, remarks: own }) => own.map((remark) => `- ${name}: ${remark}\n`));
  return `${markdownTable(scoreTable(results))}${remarks.length === 0 ? '' : `\n${remarks.join('')}`}${compared.rows.length === 0 ? '' : `\nThis model less the other, on the same items:\n\n${markdownTable(compared)}`}`;
}
