import { escapeXml, htmlPage, htmlTable } from '@tunesmith/pictures';
import { domainPictures } from './domain-pictures.js';
import { domainScores } from './domain-scores.js';
import type { EvaluationResults } from './evaluation-results.js';
import { itemPages } from './item-pages.js';
import { comparisonTable, scoreTable } from './score-tables.js';

/** report.html: one page with nothing fetched and no script: the tables, pictures by domain, and every item of every task. */
export function htmlReport(results: EvaluationResults): string {
  const compared = comparisonTable(results);
  const pictures = domainScores(results).flatMap(domainPictures);
  return htmlPage('Evaluation', [
    { heading: 'Scores', body: `${htmlTable(scoreTable(results))}\n<p>Weights in ${escapeXml(results.dtype)}; ± is the standard error.${results.judge === undefined ? '' : ` Judged by ${escapeXml(results.judge)}.`}</p>${remarksOf(results)}` },
    ...(compared.rows.length > 0 ? [{ heading: 'This model less the other, on the same items', body: htmlTable(compared) }] : []),
    ...(pictures.length > 0 ? [{ heading: 'By domain', body: pictures.join('\n') }] : []),
    ...results.tasks.map((result) => ({ heading: `Items of ${result.name}`, body: itemPages(result) })),
  ]);
}

function remarksOf({ tasks }: EvaluationResults): string {
  const lines = tasks.flatMap(({ name, remarks }) => remarks.map((remark) => `<li>${escapeXml(`${name}: ${remark}`)}</li>`));
  return lines.length === 0 ? '' : `\n<ul>${lines.join('')}</ul>`;
}
