import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findAggregation } from '../aggregations.js';
import * as toolBench from './toolbench.js';

interface StepSet {
  readonly documents: readonly { readonly tools: readonly string[]; readonly reference: string; readonly prediction: string }[];
  readonly metrics: Readonly<Record<string, number>>;
}

const sets = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/parity/fixtures/evaluation/toolbench.json'), 'utf8')) as StepSet[];

test.each([
  ['plan_em', toolBench.toolBenchPlanEm],
  ['action_em', toolBench.toolBenchActEm],
  ['hallu_rate', toolBench.toolBenchHallucinationRate],
  ['f1', toolBench.toolBenchF1],
  ['easy_f1', toolBench.toolBenchEasyF1],
  ['hard_f1', toolBench.toolBenchHardF1],
  ['rouge', toolBench.toolBenchRougeL],
])('%s is the number of evalscope', (name, metric) => {
  const { ofGeneration } = metric.prepare({ compatible: true });
  for (const { documents, metrics } of sets) {
    const values = documents.map(({ prediction, reference, tools }) => ofGeneration!({ prediction, references: [reference], document: { tools } }));
    // Its ROUGE-L adds 1e-8 below the line.
    expect(findAggregation(metric.aggregation).aggregate(values)).toBeCloseTo(metrics[name]!, name === 'rouge' ? 6 : 12);
  }
  expect(sets.filter(({ metrics }) => metrics[name]! > 0).length).toBeGreaterThan(3);
});

test.each([[{}], [{ tools: 'f' }], [{ tools: [{ name: 'f' }] }]])('documents need the names of their tools: %j', (document) => {
  expect(() => toolBench.toolBenchPlanEm.prepare({}).ofGeneration!({ prediction: '', references: [''], document })).toThrow(expect.objectContaining({ code: 'metric-not-applicable', message: expect.stringContaining('"tools"') }));
});
