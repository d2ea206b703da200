import type { JobMetrics } from '@tunesmith/contracts';
import { fitWidth } from '../terminal/display-width.js';
import { formatBytes, formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

/**
 * Metrics as lines; of a long series, such as the loss by step, the first and the last figure. Figures of several rows, as a comparison has them, are a table,
 * and so are things that have a name and figures, such as the parents of a merge.
 */
export function describeMetrics(metrics: JobMetrics, columns: number): string[] {
  const rows = Object.entries(metrics).flatMap(([name, value]) => (isRow(value) ? [{ name, figures: value }] : []));
  if (rows.length > 1 && rows.length === Object.keys(metrics).length) return tableOf(rows);
  return Object.entries(metrics).flatMap(([name, value]) => {
    const named = namedRows(value);
    if (named) return [`  ${name}:`, ...tableOf(named).map((line) => `  ${line}`)];
    // Sentences are told whole: what they end with is what to do.
    if (typeof value === 'string') return [`  ${name}: ${value}`];
    return [fitWidth(`  ${name}: ${name.endsWith('Bytes') && typeof value === 'number' ? formatBytes(value) : describe(value)}`, columns)];
  });
}

interface NamedFigures {
  readonly name: string;
  readonly figures: Readonly<Record<string, number>>;
}

function tableOf(rows: readonly NamedFigures[]): string[] {
  const headings = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  return table(['', ...headings], rows.map(({ name, figures }) => [name, ...headings.map((heading) => (figures[heading] === undefined ? '' : formatNumber(figures[heading])))]), headings).map((line) => `  ${line}`);
}

function namedRows(value: JobMetrics[string]): NamedFigures[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const rows = value.flatMap((each): NamedFigures[] => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return [];
    const { name, ...figures } = each as Readonly<Record<string, JobMetrics[string]>>;
    return typeof name === 'string' && isRow(figures) ? [{ name, figures }] : [];
  });
  return rows.length === value.length ? rows : undefined;
}

function isRow(value: JobMetrics[string]): value is Record<string, number> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0 && Object.values(value).every((each) => typeof each === 'number');
}

function describe(value: JobMetrics[string]): string {
  if (typeof value === 'number') return formatNumber(value);
  if (Array.isArray(value) && value.length > 4 && value.every((each) => typeof each === 'number')) {
    return `${formatNumber(value[0]!)} -> ${formatNumber(value.at(-1)!)} (${value.length} values)`;
  }
  return JSON.stringify(value);
}
