import { errorOf, findAggregation } from './aggregations.js';
import { findMetric, metrics } from './metrics.js';
import type { ChoiceOutcome } from './metrics/metric.js';
import { describeMetric } from './testing/describe-metric.js';

metrics.forEach(describeMetric);

const choices = (logProbs: number[], gold: number[], more: Partial<ChoiceOutcome> = {}): ChoiceOutcome => ({ choices: ['a', 'bb', 'ßß'], logProbs, greedy: [false, true, false], gold, ...more });
const ofChoices = (name: string, outcome: ChoiceOutcome) => findMetric(name).prepare({}).ofChoices!(outcome);

test('accuracy by sum, by characters, by bytes, by what the question adds', () => {
  const outcome = choices([-2, -2.5, -2.6], [2], { unconditional: [-1, -5, -2] });
  expect(['acc', 'acc_norm', 'acc_bytes', 'acc_mutual_info'].map((name) => ofChoices(name, outcome))).toEqual([0, 0, 1, 0]);
  expect(['acc', 'acc_norm', 'acc_mutual_info'].map((name) => ofChoices(name, { ...outcome, gold: [1] }))).toEqual([0, 1, 1]);
  expect(ofChoices('acc', choices([-1, -1, -1], [0]))).toBe(1); // the first of equal ones
  expect(ofChoices('acc', choices([-3, -1, -2], [0, 1]))).toBe(1); // several right ones
  expect([ofChoices('exact_match', choices([0, 0, 0], [1])), ofChoices('exact_match', choices([0, 0, 0], [0]))]).toEqual([1, 0]);
  expect(ofChoices('brier_score', choices([Math.log(0.5), Math.log(0.25), Math.log(0.25)], [0]))).toBeCloseTo(0.25 + 0.0625 * 2, 12);
});

test.each([
  [{}, 'Rome', 'Rome', 1],
  [{}, 'rome', 'Rome', 0],
  [{ ignore_case: true, ignore_punctuation: true, ignore_numbers: true }, 'rome 1!', 'Rome ', 1],
  [{ regexes_to_ignore: [',', '\\$', '(?s).*#### ', '\\.$'] }, '$1,234.', 'so\n#### 1234', 1],
])('exact_match with %j: %j for %j', (options, prediction, reference, expected) => {
  expect(findMetric('exact_match').prepare(options).ofGeneration!({ prediction, references: ['other', reference], document: {} })).toBe(expected);
});

test('exact_match of several predictions is the share that is right; of several right answers any of them counts', () => {
  const of = (prediction: unknown, references: readonly string[]) => findMetric('exact_match').prepare({}).ofGeneration!({ prediction, references, document: {} });
  expect([of(['a', 'b', 'a', 'c'], ['a']), of(['a'], ['a']), of(['b', 'c'], ['a'])]).toEqual([0.5, 1, 0]);
  expect([of(['b', 'c'], ['a', 'c']), of(['b'], ['a', 'c'])]).toEqual([1, 0]);
});

test('aggregations are those of the reference', () => {
  const aggregate = (name: string, values: unknown[]) => findAggregation(name).aggregate(values);
  expect(aggregate('mean', [1, 0, 1, 1])).toBe(0.75);
  expect(aggregate('nanmean', [1, NaN, 3])).toBe(2);
  expect(aggregate('mean_where_scored', [1, null, 0])).toBe(0.5);
  expect(aggregate('mean_where_scored', [null])).toBe(0);
  expect(aggregate('median', [3, 1, 2, 4])).toBe(3);
  expect(aggregate('perplexity', [-1, -3])).toBeCloseTo(Math.exp(2), 12);
  expect(aggregate('weighted_perplexity', [[-1, 2], [-3, 2]])).toBeCloseTo(Math.E, 12);
  expect(aggregate('bits_per_byte', [[-Math.LN2 * 6, 2], [-Math.LN2 * 2, 2]])).toBeCloseTo(2, 12);
  // scikit-learn 1.9: f1_score, matthews_corrcoef.
  expect(aggregate('f1', [[0, 0], [1, 1], [1, 0], [0, 1], [1, 1]])).toBeCloseTo(2 / 3, 12);
  expect(aggregate('matthews_corrcoef', [[0, 0], [1, 1], [1, 0], [0, 0], [2, 2], [2, 1], [1, 1]])).toBeCloseTo(0.5809475019311126, 12);
  expect(aggregate('matthews_corrcoef', [[1, 1], [1, 1]])).toBe(0);
  expect(() => aggregate('f1', [[2, 0]])).toThrow(expect.objectContaining({ code: 'metric-not-applicable' }));
  expect(() => findAggregation('bypass')).toThrow(expect.objectContaining({ code: 'aggregation-unknown' }));
  expect(() => findMetric('unheard-of')).toThrow(expect.objectContaining({ code: 'metric-unknown' }));
});

test('standard errors: by formula where there is one, else by drawing anew, the same each time', () => {
  expect(errorOf(findAggregation('mean'), [1, 0, 1, 1])).toBeCloseTo(0.25, 12);
  expect(errorOf(findAggregation('mean'), [1])).toBeUndefined();
  expect(errorOf(findAggregation('mean_where_scored'), [1, null, 0, 1, 1])).toBeCloseTo(0.25, 12);
  expect(errorOf(findAggregation('mean_where_scored'), [1, null])).toBeUndefined();
  expect(errorOf(findAggregation('perplexity'), [-1, -3])).toBeCloseTo(Math.exp(2), 10);
  const numbers = Array.from({ length: 400 }, (_, index) => ((index * 7919) % 400) / 400);
  const median = errorOf(findAggregation('median'), numbers)!;
  // Of a uniform distribution: 1 / (2 √n).
  expect(median).toBeGreaterThan(0.015);
  expect(median).toBeLessThan(0.04);
  expect(errorOf(findAggregation('median'), numbers)).toBe(median);
});
