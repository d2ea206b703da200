import { readFile } from 'node:fs/promises';
import { weightedPerplexity } from '../aggregations/perplexities.js';
import { meanOfValues, meanWhereScored } from '../aggregations/means.js';
import { binomialTest } from './binomial-test.js';
import { chiSquareTail } from './chi-square.js';
import { comparePairs } from './compare-pairs.js';
import { mcNemarTest } from './mcnemar-test.js';
import { pairedTTest } from './paired-t-test.js';
import { studentReach, twoSidedStudent } from './student-t.js';

interface Fixture {
  readonly student: readonly [t: number, degreesOfFreedom: number, p: number][];
  readonly chiSquare: readonly [x: number, p: number][];
  readonly mcnemar: readonly [onlyOwn: number, onlyOther: number, exact: number, statistic: number, p: number][];
  readonly sign: readonly [better: number, worse: number, p: number][];
  readonly paired: readonly { own: number[]; other: number[]; t: number; p: number; error: number; low: number; high: number }[];
}

let fixture: Fixture;
beforeAll(async () => void (fixture = JSON.parse(await readFile(new URL('../../../../tests/parity/fixtures/evaluation/statistics.json', import.meta.url), 'utf8')) as Fixture));

/** Equal in relation to their size, also where they are tiny. */
function expectSame(found: number, expected: number, part = 1e-9): void {
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(part * Math.abs(expected) + 1e-300);
}

test('tails of the distributions are those of scipy', () => {
  for (const [t, degreesOfFreedom, p] of fixture.student) expectSame(twoSidedStudent(t, degreesOfFreedom), p);
  for (const [x, p] of fixture.chiSquare) expectSame(chiSquareTail(x), p);
  for (const [better, worse, p] of fixture.sign) expectSame(binomialTest(better, worse), p);
  expect([twoSidedStudent(0, 3), chiSquareTail(0), binomialTest(0, 0)]).toEqual([1, 1, 1]);
});

test("Student's 95 % reach is that of the tables, for few and for many degrees of freedom", () => {
  for (const [degreesOfFreedom, reach] of [[1, 12.7062047], [2, 4.30265273], [4, 2.77644511], [10, 2.22813885], [1000, 1.96233908]] as const) expectSame(studentReach(0.95, degreesOfFreedom), reach, 1e-8);
  expect(studentReach(0.95, 1_000_000)).toBeCloseTo(1.959966, 5);
});

test("McNemar's test is that of statsmodels, exact for fewer than 25 items in dispute", () => {
  for (const [onlyOwn, onlyOther, exact, statistic, p] of fixture.mcnemar) {
    const found = mcNemarTest(onlyOwn, onlyOther);
    expect(found.kind).toBe(onlyOwn + onlyOther < 25 ? 'exact' : 'chi-square');
    expectSame(found.pValue, found.kind === 'exact' ? exact : p);
    if (found.kind === 'chi-square') expectSame(found.statistic!, statistic);
  }
});

test('the paired t test is that of scipy, and the interval that of its bootstrap but for the draws', () => {
  for (const { own, other, t, p, error, low, high } of fixture.paired) {
    const found = comparePairs([{ own, other }], meanOfValues)!;
    expectSame(found.pairedT!.statistic!, t);
    expectSame(found.pairedT!.pValue, p);
    expectSame(found.standardError, error);
    // A thousand draws leave an end of the interval uncertain by a tenth of the standard error or so.
    expect(Math.abs(found.low - low)).toBeLessThan(0.3 * error);
    expect(Math.abs(found.high - high)).toBeLessThan(0.3 * error);
    expect(found.test).toBe(own.every((value) => value % 1 === 0) ? 'mcnemar' : 'paired-t');
    expect(comparePairs([{ own, other }], meanOfValues)).toEqual(found);
  }
});

test('differences without a spread are told without a division by zero', () => {
  expect(pairedTTest([1])).toBeUndefined();
  expect(pairedTTest([0, 0])).toEqual({ statistic: 0, degreesOfFreedom: 1, pValue: 1 });
  expect(pairedTTest([2, 2])).toEqual({ statistic: null, degreesOfFreedom: 1, pValue: 0 });
  expect(comparePairs([{ own: [1], other: [0] }], meanOfValues)).toBeUndefined();
});

test('only items that both have a value for are compared', () => {
  expect(comparePairs([{ own: [1, null, 0, 1], other: [0, 1, null, 1] }], meanWhereScored)).toMatchObject({ items: 2, difference: 0.5, sign: { better: 1, worse: 0, equal: 1 } });
  expect(comparePairs([{ own: [1, null], other: [null, 1] }], meanWhereScored)).toBeUndefined();
});

test('tasks of a group count by their items or all the same', () => {
  const parts = [{ own: [1, 1, 1], other: [0, 0, 1] }, { own: [0], other: [1] }];
  expect(comparePairs(parts, meanOfValues)).toMatchObject({ items: 4, difference: 0.25, mcnemar: { onlyOwn: 2, onlyOther: 1 } });
  expect(comparePairs(parts, meanOfValues, { bySize: false })!.difference).toBeCloseTo((2 / 3 - 1) / 2, 12);
});

test('what is no mean is compared by drawing both models together', () => {
  const weighed = (logProbs: readonly number[]) => logProbs.map((logProb) => [logProb, 2]);
  const other = Array.from({ length: 40 }, (_, place) => -2 - (place % 7) / 7);
  const found = comparePairs([{ own: weighed(other.map((logProb) => logProb + 0.1)), other: weighed(other) }], weightedPerplexity)!;
  expect(found.test).toBe('bootstrap');
  expect(found.difference).toBeCloseTo(weightedPerplexity.aggregate(weighed(other)) * (Math.exp(-0.05) - 1), 10);
  // It is surely lower, though each perplexity alone is uncertain by more than that.
  expect(found.high).toBeLessThan(0);
  expect(found.pValue).toBeLessThan(0.003);
  expect(comparePairs([{ own: weighed(other), other: weighed(other) }], weightedPerplexity)).toMatchObject({ difference: 0, standardError: 0, pValue: 1 });
});
