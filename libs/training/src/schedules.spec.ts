import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { learningRateAt, schedules } from './schedules.js';

type Name = 'constant' | 'linear' | 'cosine';
const reference = (JSON.parse(readFileSync(join(import.meta.dirname, '../../../tests/parity/fixtures/training/optimizers.json'), 'utf8')) as { schedules: Record<Name, number[]> & { steps: number; warmupSteps: number } }).schedules;

// Made by tests/parity/make-optimizer-fixtures.py. Transformers' first step has the rate 0: ours are its steps from the second on.
test.each<Name>(['constant', 'linear', 'cosine'])('%s has the numbers of transformers', (name) => {
  const { steps, warmupSteps, [name]: rates } = reference;
  expect(rates).toHaveLength(steps);
  rates.forEach((rate, step) => expect(learningRateAt(step, { name, peak: 1, steps, warmupRatio: 0.9, warmupSteps })).toBeCloseTo(rate, 12));
});

test('warms up, peaks, and goes down', () => {
  const rates = Array.from({ length: 10 }, (_, step) => learningRateAt(step, { name: 'linear', peak: 1, steps: 10, warmupRatio: 0.2 }));
  expect(rates.slice(0, 3)).toEqual([1 / 3, 2 / 3, 1]);
  expect(rates[9]).toBeCloseTo(1 / 8, 12);
});

test('no schedule leaves (0, peak]', () => {
  fc.assert(
    fc.property(fc.constantFrom(...schedules.map(({ name }) => name)), fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (name, steps, warmupRatio) => {
      for (let step = 0; step < steps; step += 1) {
        const rate = learningRateAt(step, { name, peak: 3, steps, warmupRatio });
        expect(rate).toBeGreaterThan(0);
        expect(rate).toBeLessThanOrEqual(3);
      }
    }),
    { numRuns: 50 },
  );
});

test('an unknown schedule is named with the known ones', () => {
  expect(() => learningRateAt(0, { name: 'cosin', peak: 1, steps: 1, warmupRatio: 0 })).toThrow(/constant, cosine, linear; got "cosin"/);
});
