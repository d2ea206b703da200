import type { JobMetrics } from '@tunesmith/contracts';
import { fitWidth } from '../terminal/display-width.js';
import { formatBytes, formatNumber } from '../terminal/format.js';

/** Metrics as lines; of a long series, such as the loss by step, the first and the last figure. */
export function describeMetrics(metrics: JobMetrics, columns: number): string[] {
  return Object.entries(metrics).map(([name, value]) => fitWidth(`  ${name}: ${name.endsWith('Bytes') && typeof value === 'number' ? formatBytes(value) : describe(value)}`, columns));
}

function describe(value: JobMetrics[string]): string {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length > 4 && value.every((each) => typeof each === 'number')) {
    return `${formatNumber(value[0]!)} -> ${formatNumber(value.at(-1)!)} (${value.length} values)`;
  }
  return JSON.stringify(value);
}
