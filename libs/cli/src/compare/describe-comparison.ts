import { formatBytes, formatCount, formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

/** A row of `comparison.json`. */
export interface ComparisonRow {
  readonly label: string;
  readonly runs: number;
  readonly metrics: Readonly<Record<string, { readonly mean: number; readonly deviation: number | null }>>;
  readonly cost: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly label: string; readonly error: string }[];
}

/** The table that a person reads, `shown` its metrics in their order, and what failed below it. */
export function describeComparison(rows: readonly ComparisonRow[], shown: readonly string[]): string[] {
  const several = rows.some(({ runs, failures }) => runs + failures.length > 1);
  const figure = ({ cost }: ComparisonRow, key: string, format: (value: number) => string): string => (cost[key] === undefined ? '' : format(cost[key]));
  const columns = ['TRAINABLE', 'SHARE', 'MEMORY', 'ROWS/S', 'CPU S/ROW', 'FINAL LOSS', ...shown];
  const cells = rows.map((row) => [
    row.label, ...(several ? [String(row.runs)] : []),
    figure(row, 'trainableParameters', formatCount), figure(row, 'trainableShare', (value) => `${Number((value * 100).toPrecision(3))} %`), figure(row, 'peakMemoryBytes', formatBytes), figure(row, 'rowsPerSecond', formatNumber), figure(row, 'processorSecondsPerRow', formatNumber), figure(row, 'finalLoss', formatNumber),
    ...shown.map((name) => (row.metrics[name] === undefined ? '' : formatNumber(row.metrics[name].mean) + (row.metrics[name].deviation === null ? '' : ` ± ${formatNumber(row.metrics[name].deviation)}`))),
  ]);
  return [...table(['METHOD', ...(several ? ['RUNS'] : []), ...columns], cells, ['RUNS', ...columns]), ...rows.flatMap(({ failures }) => failures.map(({ label, error }) => `${label} failed: ${error}`))];
}
