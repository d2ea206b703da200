// How a benchmark prints: one line per figure with its limit; exit code 1 when a figure is over it.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Prints "name: 0.21 s (limit 0.25 s)". */
export function printFigure(name, value, unit, limit, digits = 2) {
  const over = limit !== undefined && value > limit;
  console.log(`${name}: ${value.toFixed(digits)} ${unit}${limit === undefined ? '' : ` (limit ${limit} ${unit}${over ? ', EXCEEDED' : ''})`}`);
  if (over) process.exitCode = 1;
}

/** The value that `fraction` of the values lie below; 0.5 is the median. */
export function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
}
