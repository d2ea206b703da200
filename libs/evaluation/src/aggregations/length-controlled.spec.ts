import { readFile } from 'node:fs/promises';
import { lengthControlledWinRate, type LengthPair } from './length-controlled.js';

const winRate = (pairs: readonly (LengthPair | null)[]): number => lengthControlledWinRate.aggregate(pairs);
const pair = (preference: number, difference: number): LengthPair => ({ preference, difference });

test('the fit is that of scikit-learn and of scipy', async () => {
  const cases = JSON.parse(await readFile(new URL('../../../../tests/parity/fixtures/evaluation/length-control.json', import.meta.url), 'utf8')) as { pairs: [number, number][]; winRate: number; byScipy: number }[];
  expect(cases.length).toBeGreaterThan(5);
  for (const { pairs, winRate: expected, byScipy } of cases) {
    const found = winRate(pairs.map(([preference, difference]) => pair(preference, difference)));
    expect(Math.abs(found - expected)).toBeLessThan(1e-7);
    expect(Math.abs(found - byScipy)).toBeLessThan(1e-6);
  }
});

test('a judge who goes by length alone leaves neither side ahead', () => {
  const pairs = Array.from({ length: 40 }, (_, place) => pair(place % 4 === 0 ? 0 : 1, place % 4 === 0 ? -100 : 100));
  expect(pairs.reduce((sum, { preference }) => sum + preference, 0) / 40).toBe(0.75);
  expect(winRate(pairs)).toBeLessThan(0.7);
  expect(winRate(pairs.flatMap(({ preference, difference }) => [pair(preference, difference), pair(1 - preference, -difference)]))).toBeCloseTo(0.5, 12);
});

test('answers of one length say what the win rate says, ties say half, and pairs without a verdict count for nothing', () => {
  expect(winRate([pair(1, 7), pair(1, 7), pair(0, 7), pair(1, 7)])).toBeCloseTo(0.75, 2);
  expect(winRate([pair(0.5, 7), pair(0.5, -30), null])).toBe(0.5);
  expect(winRate([pair(1, 7), null])).toBe(winRate([pair(1, 7)]));
  expect(winRate([null])).toBe(0);
});
