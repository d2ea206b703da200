import type { MetricValue } from '../metrics/metric.js';

/** One number from the values of all documents: a file of this folder and a line in `aggregations.ts`. */
export interface Aggregation {
  readonly name: string;
  /** `values`: at least one. */
  aggregate(values: readonly MetricValue[]): number;
  /** Undefined where it cannot be told. Absent: it is estimated by drawing documents anew. */
  standardError?(values: readonly MetricValue[]): number | undefined;
}
