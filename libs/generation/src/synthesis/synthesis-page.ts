import { diversitySection, escapeXml, htmlPage, htmlTable } from '@tunesmith/datasets';
import type { SynthesisReport } from './synthesis-report.js';

/** The report for people: what was asked and left out, what it cost, and how varied the rows are beside the seeds. */
export function synthesisPage(report: SynthesisReport, pictures: Readonly<Record<string, string>>): string {
  const { rows, wanted, teacher, stoppedBy, instructions, topics, filters, judge, usage, diversity } = report;
  const ends = { rows: 'All that was asked for.', requests: 'The requests were used up.', 'spending-cap': 'The spending cap was reached.' };
  const accounts = Object.entries(usage).map(([who, { completions, promptTokens, newTokens, cost }]) => [who, completions, promptTokens, newTokens, cost]);
  return htmlPage('Synthesized dataset', [
    `<p>${rows} of ${wanted} rows by ${escapeXml(teacher)}. ${ends[stoppedBy]}</p>`,
    ...(instructions
      ? [`<p>${instructions.requests} requests for instructions (${instructions.exampleGuided} guided by examples alone, ${instructions.topicGuided} by topics too) from ${instructions.seeds} seeds gave ${instructions.items} items, and ${instructions.unclosed} that were not closed; ${instructions.kept} passed their filters.</p>`]
      : []),
    ...(topics ? [`<p>Topics: ${topics.kept} of ${topics.read}; left out: ${Object.entries(topics.dropped).map(([reason, count]) => `${count} by ${reason}`).join(', ')}.</p>`] : []),
    '<h2>Filters</h2>',
    htmlTable(['stage', 'filter', 'left out', 'why', 'such as'], filters.map(({ stage, filter, dropped, reasons, examples }) => [stage, filter, dropped, Object.entries(reasons).map(([reason, count]) => `${reason} (${count})`).join(', '), examples.join(' | ')])),
    ...(judge ? [`<p>The judge ${escapeXml(judge.model)} kept ${judge.calibration.keptRight} of ${judge.calibration.of} right and ${judge.calibration.keptWrong} of ${judge.calibration.of} wrong answers before it began.</p>`] : []),
    '<h2>Accounts</h2>',
    htmlTable(['', 'completions', 'tokens read', 'tokens written', 'cost'], accounts),
    diversitySection(diversity.rows, diversity.beside, ['synthesized', diversity.besideName], pictures),
  ].join('\n'));
}
