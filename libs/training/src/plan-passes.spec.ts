import fc from 'fast-check';
import type { Example } from './objective.js';
import { planPasses, type PassOptions } from './plan-passes.js';

const examplesOf = (lengths: readonly number[]): Example[] => lengths.map((tokens, index) => ({ index, rows: [], tokens, weight: tokens - 1 }));
const options: PassOptions = { batch: 2, accumulate: 3, epochs: 2, order: 'shuffle', seed: 7, packing: true, maxLength: 64 };
const lengthsOf = (count: number): number[] => Array.from({ length: count }, (_, index) => 1 + ((index * 37) % 50));
const indices = (passes: Example[][]): number[] => passes.flat().map(({ index }) => index);

describe('planPasses', () => {
  test('passes of batch examples, steps of accumulate passes, each example once an epoch', () => {
    const { steps, of, fill } = planPasses(examplesOf(lengthsOf(20)), { ...options, packing: false });
    expect([steps, fill]).toEqual([8, undefined]);
    expect(of(0).map((pass) => pass.length)).toEqual([2, 2, 2]);
    expect(of(3).map((pass) => pass.length)).toEqual([2]);
    for (const epoch of [0, 4]) expect([0, 1, 2, 3].flatMap((step) => indices(of(epoch + step))).sort((one, other) => one - other)).toEqual([...Array(20).keys()]);
    expect(indices(of(0))).not.toEqual(indices(of(4)));
  });

  test('the steps of an epoch cover every example once, wherever one starts; in the order of the file as they stand there', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 16 }), fc.nat(1e6), fc.nat(5), fc.constantFrom('shuffle' as const, 'file' as const), (count, batch, seed, epoch, order) => {
        const plan = planPasses(examplesOf(lengthsOf(count)), { ...options, packing: false, batch, accumulate: 1, epochs: 1, seed, order });
        const taken = Array.from({ length: plan.steps }, (_, step) => indices(plan.of(epoch * plan.steps + step)));
        expect(taken.flat().toSorted((one, other) => one - other)).toEqual([...Array(count).keys()]);
        expect(taken.slice(0, -1).every((each) => each.length === batch)).toBe(true);
        if (order === 'file') expect(taken.flat()).toEqual([...Array(count).keys()]);
      }),
      { numRuns: 50 },
    );
  });

  test.each(['shuffle', 'file'] as const)('packs hold maxLength tokens at most and each example once an epoch, whatever the lengths: %s', (order) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 80 }), fc.nat(100), (lengths, seed) => {
        const plan = planPasses(examplesOf(lengths), { ...options, batch: 1, accumulate: 1, epochs: 3, order, seed });
        const perEpoch = plan.steps / 3;
        for (const epoch of [0, 1, 2]) {
          const packs = Array.from({ length: perEpoch }, (_, pack) => plan.of(epoch * perEpoch + pack));
          expect(packs.every((passes) => passes.length === 1 && passes[0]!.reduce((sum, { tokens }) => sum + tokens, 0) <= 64)).toBe(true);
          expect(packs.flatMap(indices).sort((one, other) => one - other)).toEqual([...lengths.keys()]);
        }
        expect(plan.fill).toBeCloseTo(lengths.reduce((sum, length) => sum + length, 0) / (perEpoch * 64), 12);
      }),
      { numRuns: 50 },
    );
  });

  test('what a step takes follows from its number alone: asked in any order, of a plan made anew', () => {
    const plan = (): ReturnType<typeof planPasses> => planPasses(examplesOf(lengthsOf(200)), options);
    const { steps, of } = plan();
    const forwards = Array.from({ length: steps }, (_, step) => indices(of(step)));
    const again = plan();
    for (const step of [...Array(steps).keys()].reverse()) expect(indices(again.of(step))).toEqual(forwards[step]);
    expect(forwards[0]).not.toEqual(forwards[steps / 2]);
  });

  test('in the order of the file packs begin with the earliest row that is left, and stay near it', () => {
    const plan = planPasses(examplesOf(lengthsOf(3000)), { ...options, batch: 1, accumulate: 1, epochs: 1, order: 'file' });
    const packs = Array.from({ length: plan.steps }, (_, step) => indices(plan.of(step)));
    expect(packs[0]![0]).toBe(0);
    packs.forEach((pack) => expect(pack).toEqual(pack.toSorted((one, other) => one - other)));
    expect(packs.every((pack) => pack.at(-1)! - pack[0]! < 1024)).toBe(true);
    expect(Math.max(...packs.slice(0, 3).flat())).toBeLessThan(1024);
    expect(plan.fill).toBeGreaterThan(0.97);
  });

  test('an example longer than maxLength by itself sets the size of the packs', () => {
    const plan = planPasses(examplesOf([100, 50, 50, 10]), { ...options, batch: 1, accumulate: 1, epochs: 1 });
    expect([plan.steps, plan.fill]).toEqual([3, 0.7]);
  });
});
