import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { barChart, htmlPage, htmlTable, markdownTable, scatterPlot, type Table } from '@tunesmith/pictures';
import { EvaluationError } from '../evaluation-error.js';
import { mean } from '../mean.js';
import { comparedRows, type ComparedRow } from './compared-rows.js';

export interface CompareOptions {
  readonly title: string;
  /** Folders that `evaluateModel` wrote. */
  readonly evaluationFolders: readonly string[];
  /** One for each evaluation; those that differ only in `-seedN` are runs of one row. */
  readonly labels: readonly string[];
  /** Folders with the report of the training behind each evaluation; none, or one for each. */
  readonly reportFolders: readonly string[];
  /** TASK.METRIC, in the order shown; absent: all. */
  readonly metrics?: readonly string[];
  /** The row that the others are held against. */
  readonly baseline?: string;
}

export interface Comparison {
  /** By row, then by TASK.METRIC: the mean over its runs. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What tuning took, in the order of the table. */
const costs = [
  ['trainableParameters', 'trainable'], ['totalParameters', 'parameters'], ['rowsPerSecond', 'rows/s'], ['peakMemoryBytes', 'memory, MB'], ['finalLoss', 'loss'],
] as const;

/**
 * Lays evaluations side by side: `comparison.json`, `comparison.md` and `index.html` with one row for each label (mean and, over several seeds, standard deviation),
 * bars for each metric, and, where trainings are given, size against the mean of the metrics' ranks.
 *
 * @throws EvaluationError `comparison-metric-unknown`, `comparison-baseline-unknown`, `comparison-report-invalid`.
 */
export async function compareEvaluations({ title, evaluationFolders, labels, reportFolders, metrics: wanted, baseline }: CompareOptions, outFolder: string): Promise<Comparison> {
  const runs = await Promise.all(labels.map(async (label, index) => ({ label, metrics: await evaluationMetrics(evaluationFolders[index]!), cost: reportFolders[index] === undefined ? {} : await trainingCost(reportFolders[index]) })));
  const known = [...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)))];
  const names = wanted ?? known.filter((name) => !/(_stderr$|\.against_)/.test(name));
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new EvaluationError({ message: `metrics: expected names out of ${known.join(', ')}; got ${unknown.join(', ')}.`, code: 'comparison-metric-unknown', facts: { unknown, known } });
  const rows = comparedRows(runs);
  const base = rows.find(({ label }) => label === baseline);
  if (baseline !== undefined && !base) throw new EvaluationError({ message: `baseline: expected one of ${rows.map(({ label }) => label).join(', ')}; got "${baseline}".`, code: 'comparison-baseline-unknown', facts: { baseline } });

  const table = tableOf(rows, names, base);
  const pictures = Object.fromEntries(byTask(names).map(([task, group]) => [task, barChart({ title: task, groups: group.map((name) => name.slice(task.length + 1)), series: rows.map((row) => ({ name: row.label, values: group.map((name) => row.metrics[name]?.mean ?? null), spread: group.map((name) => row.metrics[name]?.deviation ?? null) })) })]));
  const sized = rows.filter(({ cost }) => (cost['totalParameters'] ?? 0) > 0);
  const first = names[0];
  const size = first !== undefined && sized.length > 1 ? scatterPlot({ title: `${first} against size`, xLabel: 'parameters', yLabel: first, points: sized.flatMap((row) => (row.metrics[first] ? [{ name: row.label, x: row.cost['totalParameters']!, y: row.metrics[first].mean }] : [])) }) : undefined;

  await mkdir(outFolder, { recursive: true });
  await writeFile(join(outFolder, 'comparison.json'), `${JSON.stringify({ title, ...(baseline !== undefined && { baseline }), rows }, null, 2)}\n`);
  await writeFile(join(outFolder, 'comparison.md'), `# ${title}\n\n${markdownTable(table)}`);
  for (const [task, picture] of Object.entries(pictures)) await writeFile(join(outFolder, `${fileName(task)}.svg`), picture);
  if (size !== undefined) await writeFile(join(outFolder, 'size-against-score.svg'), size);
  const sections = [{ heading: 'Table', body: htmlTable(table) }, ...Object.entries(pictures).map(([heading, body]) => ({ heading, body })), ...(size === undefined ? [] : [{ heading: 'Size against score', body: size }])];
  await writeFile(join(outFolder, 'index.html'), htmlPage(title, sections));
  return { metrics: Object.fromEntries(rows.map((row) => [row.label, Object.fromEntries(names.flatMap((name) => (row.metrics[name] ? [[name, row.metrics[name].mean]] : [])))])) };
}

function tableOf(rows: readonly ComparedRow[], names: readonly string[], base: ComparedRow | undefined): Table {
  const shownCosts = costs.filter(([key]) => rows.some(({ cost }) => cost[key] !== undefined));
  const severalRuns = rows.some(({ runs }) => runs > 1);
  const columns = ['', ...(severalRuns ? ['runs'] : []), ...shownCosts.map(([, title]) => title), ...names, ...(base ? names.map((name) => `${name} − ${base.label}`) : [])];
  return {
    columns,
    rows: rows.map((row) => [
      row.label, ...(severalRuns ? [row.runs] : []),
      ...shownCosts.map(([key]) => (row.cost[key] === undefined ? null : key === 'peakMemoryBytes' ? Math.round(row.cost[key] / 1e6) : row.cost[key])),
      ...names.map((name) => figureText(row, name)),
      ...(base ? names.map((name) => (row.metrics[name] && base.metrics[name] ? row.metrics[name].mean - base.metrics[name].mean : null)) : []),
    ]),
  };
}

function figureText({ metrics }: ComparedRow, name: string): string | number | null {
  const figure = metrics[name];
  if (!figure) return null;
  return figure.deviation === null ? figure.mean : `${figure.mean.toFixed(4)} ± ${figure.deviation.toFixed(4)}`;
}

function byTask(names: readonly string[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const name of names) groups.set(taskOf(name), [...(groups.get(taskOf(name)) ?? []), name]);
  return [...groups];
}

function taskOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

function fileName(task: string): string {
  return task.replace(/[^A-Za-z0-9._-]+/g, '_');
}

async function evaluationMetrics(folder: string): Promise<Record<string, number>> {
  const { tasks, groups } = await readReport<{ tasks?: Record<string, { metrics?: Record<string, number> }>; groups?: Record<string, { metrics?: Record<string, number> }> }>(join(folder, 'results.json'), 'an evaluation');
  return Object.fromEntries(Object.entries({ ...groups, ...tasks }).flatMap(([task, { metrics = {} }]) => Object.entries(metrics).map(([name, value]) => [`${task}.${name}`, value])));
}

async function trainingCost(folder: string): Promise<Record<string, number>> {
  const report = await readReport<Record<string, unknown>>(join(folder, 'report.json'), 'a training');
  const loss = Array.isArray(report['loss']) ? report['loss'].filter((value) => typeof value === 'number') : [];
  const finalLoss = loss.slice(-Math.max(1, Math.ceil(loss.length / 10)));
  const figures = { ...report, ...(finalLoss.length > 0 && { finalLoss: mean(finalLoss) }) };
  return Object.fromEntries(costs.flatMap(([key]) => (typeof figures[key as keyof typeof figures] === 'number' ? [[key, figures[key as keyof typeof figures] as number]] : [])));
}

async function readReport<Report>(path: string, what: string): Promise<Report> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Report;
  } catch (cause) {
    throw new EvaluationError({ message: `expected the report of ${what} in ${path}; ${(cause as Error).message}`, code: 'comparison-report-invalid', facts: { path }, cause });
  }
}
