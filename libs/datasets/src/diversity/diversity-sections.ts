import { htmlTable, type PageSection } from '@tunesmith/pictures';
import type { DiversityReport } from './diversity-report.js';

/** The numbers of two sets beside each other, and the pictures, as sections of an HTML page. */
export function diversitySections(made: DiversityReport, other: DiversityReport, names: readonly [string, string], pictures: Readonly<Record<string, string>>): PageSection[] {
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
  const tables = [
    htmlTable({ columns: ['source', 'rows', 'instruction words, mean', 'median', 'answer words, mean', 'median'], rows: sources }),
    htmlTable({ columns: ['', ...names], rows: measures }),
  ];
  return [
    { heading: 'Diversity', body: [...tables, ...Object.values(pictures)].join('\n') },
    ...(topics
      ? [{ heading: 'Topics', body: `<p>${topics.asked} different topics guided ${topics.rows} rows; ${topics.named} of them name one of their topics.</p>\n${htmlTable({ columns: ['topic', 'rows'], rows: topics.most.map(({ topic, rows }) => [topic, rows]) })}` }]
      : []),
  ];
}
