import { mean, standardDeviation } from '../mean.js';

/** What one evaluation says, and what the training behind it took. */
export interface ComparedRun {
  readonly label: string;
  /** By TASK.METRIC. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What its training took, by name. */
  readonly cost: Readonly<Record<string, number>>;
  /** Of its training, step by step; absent: it was not trained. */
  readonly loss?: readonly number[];
  /** Why there is no evaluation. */
  readonly error?: string;
}

export interface ComparedRow {
  readonly label: string;
  /** That were evaluated. */
  readonly runs: number;
  /** Mean and sample standard deviation over the runs; one run has none. */
  readonly metrics: Readonly<Record<string, { readonly mean: number; readonly deviation: number | null }>>;
  /** What each run scored, by its seed. */
  readonly bySeed: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Means. */
  readonly cost: Readonly<Record<string, number>>;
  /** Of every run that was trained. */
  readonly losses: readonly (readonly number[])[];
  /** Runs without an evaluation, and why. */
  readonly failures: readonly { readonly label: string; readonly error: string }[];
}

/** Runs that differ only in their seed as one row each, in the order in which they came. Several evaluations of one label, such as of its answers and of its agreement, are one run. */
export function comparedRows(runs: readonly ComparedRun[]): ComparedRow[] {
  const byLabel = [...Map.groupBy(runs, ({ label }) => label).values()].map(asOne);
  return [...Map.groupBy(byLabel, ({ label }) => withoutSeed(label))].map(([label, group]) => {
    const evaluated = group.filter(({ error }) => error === undefined);
    return {
      label, runs: evaluated.length,
      metrics: Object.fromEntries(keysOf(evaluated.map(({ metrics }) => metrics)).map((name) => [name, spreadOf(evaluated.flatMap(({ metrics }) => metrics[name] ?? []))])),
      bySeed: Object.fromEntries(evaluated.map(({ label: of, metrics }) => [seedOf(of), metrics])),
      cost: means(group.map(({ cost }) => cost)),
      losses: group.flatMap(({ loss }) => (loss ? [loss] : [])),
      failures: group.flatMap((run) => (run.error === undefined ? [] : [{ label: run.label, error: run.error }])),
    };
  });
}

function asOne(group: readonly ComparedRun[]): ComparedRun {
  const [loss] = group.flatMap((run) => (run.loss ? [run.loss] : []));
  const errors = [...new Set(group.flatMap(({ error }) => error ?? []))];
  return { label: group[0]!.label, metrics: means(group.map(({ metrics }) => metrics)), cost: means(group.map(({ cost }) => cost)), ...(loss && { loss }), ...(errors.length > 0 && { error: errors.join('; ') }) };
}

const seedInLabel = /(?:^|[-_. ])seed[-_ ]?(\d+)(?=$|[-_. ])/i;

/** `lora-seed2-small` is a run of `lora-small`. */
function withoutSeed(label: string): string {
  return label.replace(seedInLabel, '').replace(/^[-_. ]+/, '') || label;
}

function seedOf(label: string): string {
  return seedInLabel.exec(label)?.[1] ?? '';
}

/** How much more of a metric a row has than another: seed by seed where both were run with the same ones, so that what a seed does to both of them is left out. */
export function differenceFrom(base: ComparedRow, row: ComparedRow, name: string): { readonly mean: number; readonly deviation: number | null } | undefined {
  const paired = Object.entries(row.bySeed).flatMap(([seed, metrics]) => {
    const [own, other] = [metrics[name], base.bySeed[seed]?.[name]];
    return own === undefined || other === undefined ? [] : [own - other];
  });
  if (paired.length > 0) return spreadOf(paired);
  const [own, other] = [row.metrics[name], base.metrics[name]];
  return own && other && { mean: own.mean - other.mean, deviation: null };
}

function keysOf(records: readonly Readonly<Record<string, number>>[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))];
}

function means(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  return Object.fromEntries(keysOf(records).map((name) => [name, mean(records.flatMap((record) => record[name] ?? []))]));
}

function spreadOf(values: readonly number[]): { mean: number; deviation: number | null } {
  return { mean: mean(values), deviation: standardDeviation(values) ?? null };
}
