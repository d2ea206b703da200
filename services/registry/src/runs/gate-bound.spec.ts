import { judge } from './gate-condition.js';
import { decideGate } from './decide-step.js';
import { normalQuantile } from './normal-quantile.js';
import { studentQuantile } from './student-quantile.js';

const metrics = {
  'qa.acc': 0.85, 'qa.acc_stderr': 0.05, 'qa.items': 51, 'qa.against_acc': 0.8, 'qa.against_acc_stderr': 0.06, 'qa.acc_difference': 0.05, 'qa.acc_difference_stderr': 0.01,
  'all.acc': 1, 'all.acc_stderr': 0, 'all.items': 20, 'all.errors': 0, 'all.errors_stderr': 0,
  'other.acc': 0.7, 'other.acc_stderr': 0.12, 'other.items': 10,
  'one.acc': 1, 'one.acc_stderr': 0.5, 'one.items': 1, 'bare.acc': 0.5,
};
const boundOf = (condition: string) => judge(condition, metrics).bounds[0]!;

test("quantiles of Student's t are those of scipy.stats.t.ppf", () => {
  const expected: [number, number, number][] = [
    [0.95, 1, 6.313751514675037], [0.975, 2, 4.302652729749462], [0.95, 3, 2.3533634348018233], [0.9, 10, 1.372183641110336], [0.95, 50, 1.675905025163097], [0.99, 499, 2.3338439936573887], [0.95, 14041, 1.644962156992026], [0.999, 1, 318.30883898555015],
  ];
  for (const [level, degreesOfFreedom, quantile] of expected) expect(studentQuantile(level, degreesOfFreedom) / quantile).toBeCloseTo(1, 9);
});

test('for many degrees of freedom they are as exact, join those for few without a step, and cost the same for any number', () => {
  // scipy.stats.t.ppf
  const expected: [number, number, number][] = [
    [0.6, 2002, 0.25338077314798757], [0.95, 2001, 1.6456154855920275], [0.999, 2001, 3.094310256888876], [0.99999, 2001, 4.275137362724373], [0.995, 5000, 2.5768129665562802], [0.95, 100_000, 1.6448688647849696], [0.99, 1e9, 2.326347877769915],
  ];
  for (const [level, degreesOfFreedom, quantile] of expected) expect(studentQuantile(level, degreesOfFreedom) / quantile).toBeCloseTo(1, 11);
  for (const level of [0.6, 0.9, 0.95, 0.99, 0.999, 0.99999]) {
    const [before, last, first] = [1999, 2000, 2001].map((degreesOfFreedom) => studentQuantile(level, degreesOfFreedom)) as [number, number, number];
    // As far apart as their neighbours are, to a part in a hundred.
    expect((last - first) / (before - last)).toBeCloseTo(1, 2);
  }
  expect(studentQuantile(0.95, Number.MAX_SAFE_INTEGER)).toBeCloseTo(1.6448536269514722, 12);
});

test('quantiles of the normal distribution are those of scipy.stats.norm.ppf', () => {
  const expected: [number, number][] = [[0.6, 0.2533471031357997], [0.9, 1.2815515655446004], [0.975, 1.959963984540054], [0.999, 3.090232306167813], [0.999999, 4.753424308817087]];
  for (const [level, quantile] of expected) {
    expect(normalQuantile(level) / quantile).toBeCloseTo(1, 11);
    expect(normalQuantile(1 - level)).toBeCloseTo(-quantile, 9);
  }
  expect([normalQuantile(0.5), normalQuantile(1e-15) / -7.941345326170998]).toEqual([0, expect.closeTo(1, 12)]);
});

test('a tiny gap takes many items, which are counted at once', () => {
  // (1.6449 · 0.05 · √51 / 1e-7)²: no series as long as that ends.
  expect(boundOf('qa.acc >= 0.8499999 with 95% confidence').moreItems! / (1.6448536269514722 * 0.05 * Math.sqrt(51) * 1e7) ** 2).toBeCloseTo(1, 6);
});

test('a bound is what is sure: below the estimate for at least, above it for at most', () => {
  expect(boundOf('qa.acc >= 0.76 with 95% confidence')).toMatchObject({ of: 'qa.acc', estimate: 0.85, standardError: 0.05, items: 51, required: 0.76, confidence: 95, bound: expect.closeTo(0.85 - 1.675905 * 0.05, 6), moreItems: 0 });
  expect(boundOf('qa.acc < 0.9 with 95% confidence').bound).toBeCloseTo(0.85 + 1.675905 * 0.05, 6);
  // The number may stand first.
  expect(boundOf('0.76 <= qa.acc with 95% confidence')).toEqual(boundOf('qa.acc >= 0.76 with 95% confidence'));
});

test.each([
  ['qa.acc >= 0.76 with 95% confidence', true],
  ['qa.acc >= 0.8 with 95% confidence', false],
  ['qa.acc >= 0.8 with 80% confidence', true],
  ['qa.acc >= 0.8', true],
  // Each comparison for itself.
  ['qa.acc >= 0.8 and qa.acc >= 0.76 with 95% confidence', true],
  ['qa.acc >= 0.8 with 95% confidence and qa.acc >= 0.76', false],
  // Pairs are surer than two evaluations are.
  ['qa.acc > qa.against_acc with 95% confidence', true],
  ['qa.against_acc < qa.acc with 95% confidence', true],
  ['qa.acc_difference > 0.03 with 95% confidence', true],
  ['qa.acc > other.acc with 95% confidence', false],
  ['not qa.acc >= 0.8 with 95% confidence', true],
])('%s is %s', (condition, expected) => {
  expect(judge(condition, metrics).holds).toBe(expected);
});

test('all right, or all wrong, is not certainty: the bound is that of the binomial distribution', () => {
  expect(boundOf('all.acc >= 0.9 with 95% confidence')).toMatchObject({ bound: expect.closeTo(0.05 ** (1 / 20), 12), moreItems: 9 });
  expect(boundOf('all.errors <= 0.1 with 95% confidence')).toMatchObject({ bound: expect.closeTo(1 - 0.05 ** (1 / 20), 12), moreItems: 9 });
});

test('the items that would do are the fewest that would', () => {
  const { moreItems, bound } = boundOf('qa.acc >= 0.8 with 95% confidence');
  expect(bound).toBeLessThan(0.8);
  // The spread of items stays, so the error falls with the root of their number.
  const holdsWith = (items: number) => judge('x.acc >= 0.8 with 95% confidence', { 'x.acc': 0.85, 'x.acc_stderr': 0.05 * Math.sqrt(51 / items), 'x.items': items }).holds;
  expect([holdsWith(51 + moreItems! - 1), holdsWith(51 + moreItems!)]).toEqual([false, true]);
  expect(boundOf('qa.acc >= 0.9 with 95% confidence').moreItems).toBeNull();
});

test.each([
  ['bare.acc > 0.1 with 95% confidence', /expected bare\.acc_stderr among the metrics/],
  ['one.acc > 0.1 with 95% confidence', /at least 2 items to be sure of one\.acc; got 1/],
])('%s is refused', (condition, message) => {
  expect(() => judge(condition, metrics)).toThrow(message);
});

test('a refusal says what was required, what came, what is sure, and how many items are missing', () => {
  const needed = { evaluate: { 'qa.acc': 0.85, 'qa.acc_stderr': 0.05, 'qa.items': 51 } };
  const { refusal, metrics: kept } = decideGate({ require: 'qa.acc >= 0.8 with 95% confidence' }, needed);
  expect(refusal?.message).toBe('gate: expected qa.acc >= 0.8 with 95% confidence; got qa.acc = 0.85, qa.acc is 0.85 ± 0.05 over 51 items, so with 95% confidence at least 0.766205 (required: >= 0.8; 89 more items would show it if the estimate stays)');
  expect(kept).toMatchObject({ passed: false, bounds: [{ of: 'qa.acc', moreItems: 89 }] });
  expect(decideGate({ require: 'evaluate.qa.acc >= 0.9 with 95% confidence' }, needed).refusal?.message).toContain('more items alone would not help');
  expect(decideGate({ require: 'qa.acc >= 0.7 with 95% confidence' }, needed)).toMatchObject({ metrics: { passed: true } });
});
