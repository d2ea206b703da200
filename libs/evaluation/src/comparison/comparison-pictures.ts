import { barChart, lineChart, scatterPlot } from '@tunesmith/pictures';
import type { ComparedRow } from './compared-rows.js';

export interface ComparisonPicture {
  readonly heading: string;
  /** Of its file, without `.svg`. */
  readonly name: string;
  readonly svg: string;
}

/** Bars for each task, or for all tasks of one and the same metric; where trainings are given, their losses over the steps, and the first metric against size and against memory. */
export function comparisonPictures(rows: readonly ComparedRow[], names: readonly string[]): ComparisonPicture[] {
  const evaluated = rows.filter(({ runs }) => runs > 0);
  const bars = barGroups(names).map(({ title, metrics }) => ({
    heading: title, name: fileName(title),
    svg: barChart({ title, groups: metrics.map(({ label }) => label), series: evaluated.map((row) => ({ name: row.label, values: metrics.map(({ name }) => row.metrics[name]?.mean ?? null), spread: metrics.map(({ name }) => row.metrics[name]?.deviation ?? null) })) }),
  }));
  const trained = rows.filter(({ losses }) => losses.length > 0);
  const losses = { heading: 'Loss over steps', name: 'loss-over-steps', svg: lineChart({ title: 'Training loss', xLabel: 'step', yLabel: 'loss', series: trained.map(({ label, losses: lines }) => ({ name: label, lines })) }) };
  const [first] = names;
  return [
    ...bars,
    ...(trained.length > 0 ? [losses] : []),
    ...(first === undefined ? [] : [...against(evaluated, first, 'totalParameters', 'size', 'parameters', 1), ...against(evaluated, first, 'peakMemoryBytes', 'memory', 'peak memory, MB', 1e6)]),
  ];
}

interface BarGroup {
  readonly title: string;
  readonly metrics: readonly { readonly name: string; readonly label: string }[];
}

/** A picture for each task; but tasks that have one metric each, the same, such as the losses of several domains, share one. */
function barGroups(names: readonly string[]): BarGroup[] {
  const tasks = [...Map.groupBy(names, taskOf)].map(([task, metrics]) => ({ task, metrics }));
  const alike = ({ task, metrics }: (typeof tasks)[number]): string => (metrics.length === 1 ? metricOf(metrics[0]!, task) : '');
  return [...Map.groupBy(tasks, (each) => alike(each) || each)].flatMap(([shared, group]): BarGroup[] =>
    typeof shared === 'string' && group.length > 1
      ? [{ title: shared, metrics: group.map(({ task, metrics: [name] }) => ({ name: name!, label: task })) }]
      : group.map(({ task, metrics }) => ({ title: task, metrics: metrics.map((name) => ({ name, label: metricOf(name, task) })) })),
  );
}

/** Nothing where fewer than two rows say what it cost. */
function against(rows: readonly ComparedRow[], metric: string, cost: string, what: string, xLabel: string, unit: number): ComparisonPicture[] {
  const points = rows.flatMap(({ label, metrics, cost: { [cost]: value = 0 } }) => (metrics[metric] && value > 0 ? [{ name: label, x: value / unit, y: metrics[metric].mean }] : []));
  if (points.length < 2) return [];
  return [{ heading: `${what[0]!.toUpperCase()}${what.slice(1)} against score`, name: `${what}-against-score`, svg: scatterPlot({ title: `${metric} against ${what}`, xLabel, yLabel: metric, points }) }];
}

function taskOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

function metricOf(name: string, task: string): string {
  return name.slice(task.length + 1);
}

function fileName(task: string): string {
  return task.replace(/[^A-Za-z0-9._-]+/g, '_');
}
