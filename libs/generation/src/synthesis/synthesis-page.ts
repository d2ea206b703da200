import { diversitySections } from '@tunesmith/datasets';
import { escapeXml, htmlPage, htmlTable } from '@tunesmith/pictures';
import type { SynthesisReport } from './synthesis-report.js';

/** The report for people: what was asked and left out, what it cost, and how varied the rows are beside the seeds. */
export function synthesisPage(report: SynthesisReport, pictures: Readonly<Record<string, string>>): string {
  const { rows, wanted, teacher, stoppedBy, instructions, topics, filters, judge, usage, diversity } = report;
  const ends = { rows: 'All that was asked for.', requests: 'The requests were used up.', 'spending-cap': 'The spending cap was reached.' };
  const accounts = Object.entries(usage).map(([who, { completions, promptTokens, newTokens, cost }]) => [who, completions, promptTokens, newTokens, cost]);
  const overview = [
    `<p>${rows} of ${wanted} rows by ${escapeXml(teacher)}. ${ends[stoppedBy]}</p>`,
    ...(instructions
      ? [`<p>${instructions.requests} requests for instructions (${instructions.exampleGuided} guided by examples alone, ${instructions.topicGuided} by topics too) from ${instructions.seeds} seeds gave ${instructions.items} items, and ${instructions.unclosed} that were not closed; ${instructions.kept} passed their filters.</p>`]
      : []),
    ...(topics ? [`<p>Topics: ${topics.kept} of ${topics.read}; left out: ${Object.entries(topics.dropped).map(([reason, count]) => `${count} by ${reason}`).join(', ')}.</p>`] : []),
    ...(judge ? [`<p>The judge ${escapeXml(judge.model)} kept ${judge.calibration.keptRight} of ${judge.calibration.of} right and ${judge.calibration.keptWrong} of ${judge.calibration.of} wrong answers before it began.</p>`] : []),
  ];
  const dropped = filters.map((each) => [each.stage, each.filter, each.dropped, Object.entries(each.reasons).map(([reason, count]) => `${reason} (${count})`).join(', '), each.examples.join(' | ')]);
  return htmlPage('Synthesized dataset', [
    { heading: 'What was made', body: overview.join('\n') },
    { heading: 'Filters', body: htmlTable({ columns: ['stage', 'filter', 'left out', 'why', 'such as'], rows: dropped }) },
    { heading: 'Accounts', body: htmlTable({ columns: ['', 'completions', 'tokens read', 'tokens written', 'cost'], rows: accounts }) },
    ...diversitySections(diversity.rows, diversity.beside, ['synthesized', diversity.besideName], pictures),
  ]);
}
