import type { Metric, MetricFunctions, PartedValues } from '../metrics/metric.js';
import { findAggregation } from '../aggregations.js';

/** Outcomes of every kind. */
const outcomes = {
  ofChoices: { choices: ['yes', 'no way'], logProbs: [-1, -3], greedy: [true, false], unconditional: [-2, -2], gold: [1] },
  ofContinuation: { logProb: -2, greedy: false },
  ofText: { logProb: -20, words: 5, bytes: 25 },
  ofGeneration: { prediction: 'yes', references: ['no'], document: { tools: ['no'] } },
} as const;

/** What every metric promises: it serves some kind of output, gives the same value each time, and its aggregation takes what it gives. */
export function describeMetric(metric: Metric): void {
  describe(metric.name, () => {
    test('serves something, and its values can be aggregated', async () => {
      const functions = metric.prepare({});
      const served = (Object.keys(outcomes) as (keyof typeof outcomes)[]).filter((kind) => functions[kind] !== undefined);
      expect(served).not.toHaveLength(0);
      for (const kind of served) {
        const values = await valuesOf(functions, kind);
        expect(await valuesOf(metric.prepare({}), kind)).toEqual(values);
        for (const value of values) expect(findAggregation(metric.aggregation).aggregate([value, value])).not.toBeNaN();
      }
    });

    test('refuses options that it does not know', () => {
      expect(() => metric.prepare({ 'no-such-option': 1 })).toThrow(expect.objectContaining({ code: 'metric-option-invalid', message: expect.stringContaining(metric.name) }));
    });
  });
}

async function valuesOf(functions: MetricFunctions, kind: keyof typeof outcomes): Promise<unknown[]> {
  const value = await (functions[kind] as (outcome: unknown) => unknown)(outcomes[kind]);
  return functions.parts ? functions.parts.map((part) => (value as PartedValues).values[part]) : [value];
}
