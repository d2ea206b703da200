import { mean, standardDeviation } from '../mean.js';

/** One evaluated run. */
export interface ComparedRun {
  readonly label: string;
  /** By TASK.METRIC. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What its training took, by name. */
  readonly cost: Readonly<Record<string, number>>;
}

export interface ComparedRow {
  readonly label: string;
  readonly runs: number;
  /** Mean and sample standard deviation over the runs; one run has none. */
  readonly metrics: Readonly<Record<string, { readonly mean: number; readonly deviation: number | null }>>;
  /** Means. */
  readonly cost: Readonly<Record<string, number>>;
}

/** Runs that differ only in their seed as one row each, in the order in which they came. */
export function comparedRows(runs: readonly ComparedRun[]): ComparedRow[] {
  const groups = new Map<string, ComparedRun[]>();
  for (const run of runs) groups.set(withoutSeed(run.label), [...(groups.get(withoutSeed(run.label)) ?? []), run]);
  return [...groups].map(([label, group]) => ({
    label, runs: group.length,
    metrics: Object.fromEntries(keysOf(group.map(({ metrics }) => metrics)).map((name) => [name, spreadOf(group.flatMap(({ metrics }) => metrics[name] ?? []))])),
    cost: Object.fromEntries(keysOf(group.map(({ cost }) => cost)).map((name) => [name, mean(group.flatMap(({ cost }) => cost[name] ?? []))])),
  }));
}

/** `lora-seed2-small` is a run of `lora-small`. */
function withoutSeed(label: string): string {
  return label.replace(/(^|[-_. ])seed[-_ ]?\d+(?=$|[-_. ])/i, '').replace(/^[-_. ]+/, '') || label;
}

function keysOf(records: readonly Readonly<Record<string, number>>[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))];
}

function spreadOf(values: readonly number[]): { mean: number; deviation: number | null } {
  return { mean: mean(values), deviation: standardDeviation(values) ?? null };
}
