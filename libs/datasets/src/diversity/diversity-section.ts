import { escapeXml } from '../plots/svg.js';
import type { DiversityReport } from './diversity-report.js';

/** The numbers of two sets beside each other, and the pictures, as a part of an HTML page. */
export function diversitySection(made: DiversityReport, other: DiversityReport, names: readonly [string, string], pictures: Readonly<Record<string, string>>): string {
  const sets = [[names[0], made], [names[1], other]] as const;
  const sources = sets.flatMap(([name, { sources: some }]) => some.map(({ source, rows, instructionWords, responseWords }) => [`${name}: ${source}`, rows, instructionWords.mean, instructionWords.median, responseWords.mean, responseWords.median]));
  const measures = [
    ['instructions with a root verb and its object', ...sets.map(([, { rootVerbs, rows }]) => `${rootVerbs.found} of ${rows}`)],
    ['different pairs of verb and noun', ...sets.map(([, { rootVerbs }]) => rootVerbs.pairs)],
    ['MTLD of the instructions', ...sets.map(([, { lexical }]) => lexical.instructions)],
    ['MTLD of the answers', ...sets.map(([, { lexical }]) => lexical.responses)],
    ['mean cosine of pairs of instructions (lower is more varied)', ...sets.map(([, { meanings }]) => meanings?.meanCosine ?? 'no encoder was given')],
  ];
  const { topics } = made;
  return [
    '<h2>Diversity</h2>',
    htmlTable(['source', 'rows', 'instruction words, mean', 'median', 'answer words, mean', 'median'], sources),
    htmlTable(['', ...names], measures),
    `<div class="pictures">${Object.values(pictures).join('\n')}</div>`,
    ...(topics ? [`<h3>Topics</h3><p>${topics.asked} different topics guided ${topics.rows} rows; ${topics.named} of them name one of their topics.</p>`, htmlTable(['topic', 'rows'], topics.most.map(({ topic, rows }) => [topic, rows]))] : []),
  ].join('\n');
}

/** A table with its first column as the names of the rows. */
export function htmlTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = (tag: 'th' | 'td', values: readonly (string | number)[]): string => values.map((value) => `<${tag}>${escapeXml(typeof value === 'number' ? String(Number(value.toFixed(4))) : value)}</${tag}>`).join('');
  return `<table><thead><tr>${cells('th', head)}</tr></thead><tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n')}</tbody></table>`;
}

/** A page that needs nothing beside it, for light and dark screens. */
export function htmlPage(title: string, body: string): string {
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeXml(title)}</title>`,
    '<style>',
    'body { font: 15px/1.5 sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1f2328; background: #ffffff; }',
    'table { border-collapse: collapse; margin: 1rem 0; } th, td { border-bottom: 1px solid #d8dee4; padding: 0.25rem 0.75rem; text-align: left; vertical-align: top; }',
    '.pictures { display: flex; flex-wrap: wrap; gap: 1rem; } svg { max-width: 100%; height: auto; }',
    '@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } th, td { border-color: #30363d; } }',
    '</style></head><body>',
    `<h1>${escapeXml(title)}</h1>`,
    body,
    '</body></html>',
    '',
  ].join('\n');
}
