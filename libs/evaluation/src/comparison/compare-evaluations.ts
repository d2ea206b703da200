import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { htmlPage, htmlTable, markdownTable } from '@tunesmith/pictures';
import { EvaluationError } from '../evaluation-error.js';
import { comparedRows } from './compared-rows.js';
import { comparisonPictures } from './comparison-pictures.js';
import { comparisonTable, differenceTable } from './comparison-table.js';
import { readRun } from './read-run.js';

export interface CompareOptions {
  readonly title: string;
  /** Folders that `evaluateModel` wrote; null where a run was not evaluated. */
  readonly evaluationFolders: readonly (string | null)[];
  /** One for each evaluation; those that differ only in `-seedN` are runs of one row. */
  readonly labels: readonly string[];
  /** Folders with the report of the training behind each evaluation; none, or one or null for each. */
  readonly reportFolders: readonly (string | null)[];
  /** Why each evaluation is missing; none, or one or null for each. */
  readonly errors: readonly (string | null)[];
  /** TASK.METRIC, in the order shown; absent: all. */
  readonly metrics?: readonly string[];
  /** The row that the others are held against. */
  readonly baseline?: string;
}

export interface Comparison {
  /** By row, then by TASK.METRIC: the mean over its runs. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/**
 * Lays evaluations side by side: `comparison.json`, `comparison.md` and `index.html` with one row for each label (mean and, over several seeds, standard deviation; what its
 * training took; why a run is missing), and the pictures of `comparisonPictures`, each also a file of its own.
 *
 * @throws EvaluationError `comparison-empty`, `comparison-metric-unknown`, `comparison-baseline-unknown`, `comparison-report-invalid`.
 */
export async function compareEvaluations({ title, evaluationFolders, labels, reportFolders, errors, metrics: wanted, baseline }: CompareOptions, outFolder: string): Promise<Comparison> {
  const runs = await Promise.all(labels.map((label, index) => readRun(label, evaluationFolders[index] ?? null, reportFolders[index] ?? null, errors[index] ?? null)));
  const rows = comparedRows(runs);
  const failures = rows.flatMap((row) => row.failures);
  if (rows.every((row) => row.runs === 0)) {
    throw new EvaluationError({ message: `expected at least one evaluation to compare; every run failed:\n${failures.map(({ label, error }) => `- ${label}: ${error}`).join('\n')}`, code: 'comparison-empty', facts: { failures } });
  }
  const known = [...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)))];
  const names = wanted ?? known.filter((name) => !/(_stderr$|\.against_)/.test(name));
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new EvaluationError({ message: `metrics: expected names out of ${known.join(', ')}; got ${unknown.join(', ')}.`, code: 'comparison-metric-unknown', facts: { unknown, known } });
  const base = rows.find(({ label }) => label === baseline);
  if (baseline !== undefined && !base) throw new EvaluationError({ message: `baseline: expected one of ${rows.map(({ label }) => label).join(', ')}; got "${baseline}".`, code: 'comparison-baseline-unknown', facts: { baseline } });

  const tables = [
    { heading: 'Table', table: comparisonTable(rows, names) },
    ...(base ? [{ heading: `Difference from ${base.label}`, table: differenceTable(rows, names, base) }] : []),
  ];
  const pictures = comparisonPictures(rows, names);
  await mkdir(outFolder, { recursive: true });
  const summary = { title, ...(baseline !== undefined && { baseline }), rows: rows.map(({ losses: _losses, ...row }) => row) };
  await writeFile(join(outFolder, 'comparison.json'), `${JSON.stringify(summary, null, 2)}\n`);
  await writeFile(join(outFolder, 'comparison.md'), `# ${title}\n\n${tables.map(({ heading, table }, place) => `${place === 0 ? '' : `## ${heading}\n\n`}${markdownTable(table)}`).join('\n')}`);
  for (const { name, svg } of pictures) await writeFile(join(outFolder, `${name}.svg`), svg);
  await writeFile(join(outFolder, 'index.html'), htmlPage(title, [...tables.map(({ heading, table }) => ({ heading, body: htmlTable(table) })), ...pictures.map(({ heading, svg }) => ({ heading, body: svg }))]));
  return { metrics: Object.fromEntries(rows.map((row) => [row.label, Object.fromEntries(names.flatMap((name) => (row.metrics[name] ? [[name, row.metrics[name].mean]] : [])))])) };
}
