import type { metricNames as MetricNames } from '@tunesmith/contracts';
import { formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

/** What of `contracts` names metrics; handed in, because it loads the schema library. */
export interface MetricVocabulary {
  readonly metricNames: typeof MetricNames;
  isMetricItself(name: string): boolean;
}

/** A line for each metric TASK.METRIC: its value with its standard error, and beside the other model, if there is one, how far they are apart on the same items. */
export function scoreLines(metrics: Readonly<Record<string, unknown>>, { metricNames, isMetricItself }: MetricVocabulary): string[] {
  const shown = (name: string): string => (typeof metrics[name] === 'number' ? formatNumber(metrics[name]) : '');
  const names = Object.keys(metrics).filter((name) => name.includes('.') && typeof metrics[name] === 'number' && isMetricItself(name));
  const compared = names.some((name) => metricNames.against(name) in metrics);
  const rows = names.map((name) => {
    const dot = name.lastIndexOf('.');
    const own = [name.slice(0, dot), name.slice(dot + 1), shown(metricNames.items(name)), shown(name), shown(metricNames.standardError(name))];
    if (!compared) return own;
    const interval = metricNames.low(name) in metrics ? `${shown(metricNames.low(name))} to ${shown(metricNames.high(name))}` : '';
    return [...own, shown(metricNames.against(name)), shown(metricNames.difference(name)), interval, shown(metricNames.pValue(name))];
  });
  const numbers = ['ITEMS', 'VALUE', '±', ...(compared ? ['AGAINST', 'DIFFERENCE', '95 %', 'P'] : [])];
  return table(['TASK', 'METRIC', ...numbers], rows, numbers);
}
