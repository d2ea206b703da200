import { errorOf } from './aggregations.js';
import type { ItemScore, MetricColumn, PlannedGroup, PlannedTask } from './planned-task.js';
import { comparePairs, type PairedComparison } from './statistics/compare-pairs.js';

/** By metric. */
export type Comparisons = Readonly<Record<string, PairedComparison>>;

export interface TaskScores {
  readonly task: PlannedTask;
  readonly scores: readonly ItemScore[];
  /** Of the model that it is compared with. */
  readonly against?: readonly ItemScore[];
}

/**
 * The metrics of a task by name: METRIC and METRIC_stderr, against_METRIC and against_METRIC_stderr of the model that it is compared with, and what only both together have.
 */
export function taskMetrics({ task, scores, against }: TaskScores): Record<string, number> {
  const own = figuresOf(task.columns(scores));
  if (!against) return own;
  const others = Object.entries(figuresOf(task.columns(against))).map(([name, value]) => [`against_${name}`, value] as const);
  return { ...own, ...Object.fromEntries(others), ...task.together?.(scores, against) };
}

/** The metrics of a group from those of its tasks, by the same names. */
export function groupMetrics(group: PlannedGroup, results: readonly (TaskScores & { readonly metrics: Readonly<Record<string, number>> })[]): Record<string, number> {
  const figures = (prefix: string) => group.metrics(new Map(results.map(({ task, metrics }) => [task.name, { metrics: withoutPrefix(metrics, prefix), items: task.items.length }])));
  const others = Object.entries(figures('against_')).map(([name, value]) => [`against_${name}`, value] as const);
  return { ...figures(''), ...Object.fromEntries(others) };
}

/** The paired comparison of each metric that both models have. */
export function taskComparisons({ task, scores, against }: TaskScores): Comparisons {
  return against ? compareColumns([{ own: task.columns(scores), other: task.columns(against) }], () => true) : {};
}

/** As of a task, over the items of all tasks of a group. */
export function groupComparisons(group: PlannedGroup, results: readonly TaskScores[]): Comparisons {
  const parts = results.flatMap(({ task, scores, against }) => (against && group.tasks.includes(task.name) ? [{ own: task.columns(scores), other: task.columns(against) }] : []));
  return compareColumns(parts, (name) => group.weighsBySize(name));
}

/** As numbers beside the metrics: METRIC_difference, its standard error, its interval and how likely it is between equal models. */
export function comparisonMetrics(comparisons: Comparisons): Record<string, number> {
  return Object.fromEntries(Object.entries(comparisons).flatMap(([name, { difference, standardError, low, high, pValue }]) => [
    [`${name}_difference`, difference], [`${name}_difference_stderr`, standardError], [`${name}_difference_low`, low], [`${name}_difference_high`, high], [`${name}_difference_p`, pValue],
  ]));
}

function figuresOf(columns: readonly MetricColumn[]): Record<string, number> {
  return Object.fromEntries(columns.flatMap(({ name, values, aggregation }) => {
    const error = errorOf(aggregation, values);
    return [[name, aggregation.aggregate(values)], ...(error === undefined ? [] : [[`${name}_stderr`, error]])] as [string, number][];
  }));
}

/** Those whose names begin so, by the rest of their names. */
function withoutPrefix(metrics: Readonly<Record<string, number>>, prefix: string): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [])));
}

/** `bySizeOf`: how parts are weighed in a metric; undefined leaves the metric out. */
function compareColumns(parts: readonly { readonly own: readonly MetricColumn[]; readonly other: readonly MetricColumn[] }[], bySizeOf: (name: string) => boolean | undefined): Comparisons {
  const names = [...new Set(parts.flatMap(({ own }) => own.map(({ name }) => name)))];
  return Object.fromEntries(names.flatMap((name) => {
    const bySize = bySizeOf(name);
    const columns = parts.flatMap(({ own, other }) => {
      const [mine, theirs] = [own, other].map((all) => all.find((each) => each.name === name));
      return mine && theirs ? [{ aggregation: mine.aggregation, own: mine.values, other: theirs.values }] : [];
    });
    const comparison = bySize !== undefined && columns[0] && comparePairs(columns, columns[0].aggregation, { bySize });
    return comparison ? [[name, comparison]] : [];
  }));
}
