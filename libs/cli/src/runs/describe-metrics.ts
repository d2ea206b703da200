import type { JobMetrics } from '@tunesmith/contracts';
import { fitWidth } from '../terminal/display-width.js';
import { formatBytes, formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

/** Metrics as lines; of a long series, such as the loss by step, the first and the last figure. Figures of several rows, as a comparison has them, are a table. */
export function describeMetrics(metrics: JobMetrics, columns: number): string[] {
  const rows = Object.entries(metrics).flatMap(([name, value]) => (isRow(value) ? [{ name, value }] : []));
  if (rows.length > 1 && rows.length === Object.keys(metrics).length) {
    const headings = [...new Set(rows.flatMap(({ value }) => Object.keys(value)))];
    return table(['', ...headings], rows.map(({ name, value }) => [name, ...headings.map((heading) => (value[heading] === undefined ? '' : formatNumber(value[heading])))]), headings).map((line) => `  ${line}`);
  }
  return Object.entries(metrics).map(([name, value]) => fitWidth(`  ${name}: ${name.endsWith('Bytes') && typeof value === 'number' ? formatBytes(value) : describe(value)}`, columns));
}

function isRow(value: JobMetrics[string]): value is Record<string, number> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0 && Object.values(value).every((each) => typeof each === 'number');
}

function describe(value: JobMetrics[string]): string {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length > 4 && value.every((each) => typeof each === 'number')) {
    return `${formatNumber(value[0]!)} -> ${formatNumber(value.at(-1)!)} (${value.length} values)`;
  }
  return JSON.stringify(value);
}
