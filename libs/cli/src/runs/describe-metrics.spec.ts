import { describeMetrics } from './describe-metrics.js';

test('a metric is a line, of a long series the first and the last figure', () => {
  expect(describeMetrics({ rows: 3, peakMemoryBytes: 2e6, loss: [5, 4, 3, 2, 1] }, 80)).toEqual(['  rows: 3', expect.stringMatching(/ {2}peakMemoryBytes: .* MB/), '  loss: 5 -> 1 (5 values)']);
});

test('figures of several rows are a table, which no width cuts', () => {
  expect(describeMetrics({ plain: { 'law.loss': 2.5, 'qa.acc': 0.25 }, fused: { 'law.loss': 2 } }, 10)).toEqual(['         law.loss  qa.acc', '  plain    2.5000  0.2500', '  fused         2']);
  expect(describeMetrics({ only: { 'law.loss': 2.5 } }, 80)).toEqual(['  only: {"law.loss":2.5}']);
});

test('things with a name and figures are a table under the name of the metric, and a sentence is told whole', () => {
  expect(describeMetrics({ parents: [{ name: 'one', perplexity: 2.5 }, { name: 'another', perplexity: 2 }], notCompared: 'nothing to compare it on' }, 10)).toEqual([
    '  parents:', '             perplexity', '    one          2.5000', '    another           2', '  notCompared: nothing to compare it on',
  ]);
});
