import fc from 'fast-check';
import { drawRows, floorShare, type DrawOptions } from './draw-rows.js';

const options: DrawOptions = { domain: 'law', amount: { rows: 5 }, replacement: 'when-needed', seed: 3, stream: 0 };
const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

test('a share of a whole is rounded down, and what is whole in decimals stays whole', () => {
  expect([floorShare(0.29, 100), floorShare(0.07, 60_000), floorShare(1 / 6, 60_000), floorShare(0.0999, 100), floorShare(0, 9), floorShare(1, 7)]).toEqual([29, 4200, 10_000, 9, 0, 7]);
});

test('rows come once while they suffice, and may come twice where they do not', () => {
  const some = drawRows(ones(8), options);
  expect([some.places.length, new Set(some.places).size, some.withReplacement]).toEqual([5, 5, false]);
  const all = drawRows(ones(5), options);
  expect([all.places.toSorted(), all.withReplacement]).toEqual([[0, 1, 2, 3, 4], false]);
  const more = drawRows(ones(4), { ...options, amount: { rows: 400 } });
  expect([more.places.length, more.withReplacement]).toEqual([400, true]);
  for (const place of [0, 1, 2, 3]) expect(more.places.filter((each) => each === place).length).toBeGreaterThan(70);
  expect(drawRows(ones(50), { ...options, amount: { rows: 50 }, replacement: 'always' })).toMatchObject({ withReplacement: true });
});

test('the same arguments draw the same rows, another seed or stream others', () => {
  const drawn = (changes: Partial<DrawOptions>): readonly number[] => drawRows(ones(100), { ...options, amount: { rows: 20 }, ...changes }).places;
  expect(drawn({})).toEqual(drawn({}));
  expect(drawn({ seed: 4 })).not.toEqual(drawn({}));
  expect(drawn({ stream: 1 })).not.toEqual(drawn({}));
});

test('a number of tokens is met to within half a row, from whichever side is nearer', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 4000 }), fc.nat(1e6), (lengths, tokens, seed) => {
      const { places } = drawRows(lengths, { ...options, amount: { tokens }, seed });
      const got = places.reduce((sum, place) => sum + lengths[place]!, 0);
      expect(Math.abs(got - tokens)).toBeLessThanOrEqual(Math.max(...lengths) / 2);
    }),
    { numRuns: 200 },
  );
});

test('too few rows are refused where none may come twice; no rows always', () => {
  expect(() => drawRows(ones(4), { ...options, replacement: 'never' })).toThrow(expect.objectContaining({ code: 'domain-too-small', message: expect.stringContaining('law: expected at least 5 rows; there are 4') }));
  expect(() => drawRows([], options)).toThrow(expect.objectContaining({ code: 'domain-empty' }));
});
