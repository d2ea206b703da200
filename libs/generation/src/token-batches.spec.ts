import fc from 'fast-check';
import { tokenBatches } from './token-batches.js';

test('batches keep every item in order, within the limits, and no batch could have taken the next item', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 })), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5 }), (sizes, tokens, items) => {
      const batches = [...tokenBatches(sizes, (size) => size, { tokens, items })];
      expect(batches.flat()).toEqual(sizes);
      const sum = (batch: readonly number[]): number => batch.reduce((total, size) => total + size, 0);
      batches.forEach((batch, index) => {
        expect(batch.length > 0 && batch.length <= items && (batch.length === 1 || sum(batch) <= tokens)).toBe(true);
        const next = batches[index + 1]?.[0];
        if (next !== undefined) expect(batch.length === items || sum(batch) + next > tokens).toBe(true);
      });
    }),
  );
});
