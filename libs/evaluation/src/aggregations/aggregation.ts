import type { MetricValue } from '../metrics/metric.js';

/** One number from the values of all documents: a file of this folder and a line in `aggregations.ts`. */
export interface Aggregation {
  readonly name: string;
  /** `values`: at least one. */
  aggregate(values: readonly MetricValue[]): number;
  /** Where it is a mean: the number that counts for a value, null where the document counts for nothing. */
  readonly ofMean?: (value: MetricValue) => number | null;
  /** Undefined where it cannot be told. Absent: it is estimated by drawing documents anew. */
  standardError?(values: readonly MetricValue[]): number | undefined;
}
