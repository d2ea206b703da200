import type { Table } from '@tunesmith/pictures';
import { differenceFrom, type ComparedRow } from './compared-rows.js';

/** What tuning took, in the order of the table, and how it is written. */
const costs: readonly (readonly [key: string, title: string, shown: (value: number) => string | number])[] = [
  ['trainableParameters', 'trainable', (value) => value],
  ['trainableShare', 'share', (value) => `${Number((value * 100).toPrecision(3))} %`],
  ['totalParameters', 'parameters', (value) => value],
  ['rowsPerSecond', 'rows/s', (value) => value],
  // Methods that are tuned at the same time share the clock, but not this.
  ['processorSecondsPerRow', 'processor s/row', (value) => value],
  ['peakMemoryBytes', 'memory, MB', (value) => Math.round(value / 1e6)],
  ['finalLoss', 'final loss', (value) => value],
];

/** A row for each label: runs where they are several, what tuning took, every metric, and why runs are missing. */
export function comparisonTable(rows: readonly ComparedRow[], names: readonly string[]): Table {
  const shownCosts = costs.filter(([key]) => rows.some(({ cost }) => cost[key] !== undefined));
  const severalRuns = rows.some(({ runs, failures }) => runs + failures.length > 1);
  const someFailed = rows.some(({ failures }) => failures.length > 0);
  return {
    columns: ['', ...(severalRuns ? ['runs'] : []), ...shownCosts.map(([, title]) => title), ...names, ...(someFailed ? ['failed'] : [])],
    rows: rows.map((row) => [
      row.label, ...(severalRuns ? [row.runs] : []),
      ...shownCosts.map(([key, , shown]) => (row.cost[key] === undefined ? null : shown(row.cost[key]))),
      ...names.map((name) => figureText(row, name)),
      ...(someFailed ? [failureText(row)] : []),
    ]),
  };
}

/** What every other row has more, or less, of each metric than `base`, over several seeds with its deviation. A table of its own: beside the metrics it would be as wide again. */
export function differenceTable(rows: readonly ComparedRow[], names: readonly string[], base: ComparedRow): Table {
  const difference = (row: ComparedRow, name: string): string | null => {
    const found = differenceFrom(base, row, name);
    return found ? `${signed(found.mean)}${found.deviation === null ? '' : ` ± ${found.deviation.toFixed(4)}`}` : null;
  };
  return { columns: ['', ...names], rows: rows.filter((row) => row !== base && row.runs > 0).map((row) => [row.label, ...names.map((name) => difference(row, name))]) };
}

/** Four places, as the metrics have, which so can be read against each other. */
function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(4)}`;
}

function figureText({ metrics }: ComparedRow, name: string): string | number | null {
  const figure = metrics[name];
  if (!figure) return null;
  return figure.deviation === null ? figure.mean : `${figure.mean.toFixed(4)} ± ${figure.deviation.toFixed(4)}`;
}

function failureText({ label, failures }: ComparedRow): string | null {
  return failures.length === 0 ? null : failures.map((failure) => (failure.label === label ? failure.error : `${failure.label}: ${failure.error}`)).join('; ');
}
