import fc from 'fast-check';
import { TokenAligner, type TieOrder } from './align-tokens.js';
import { slowAlignment } from './testing/slow-alignment.js';

const orders: readonly TieOrder[] = ['source-first', 'pivot-first'];
const surfaces = (...texts: string[]): Uint8Array[] => texts.map((text) => Buffer.from(text));
const partners = ({ first, last }: { first: Int32Array; last: Int32Array }): number[][] => [...first].map((from, i) => Array.from({ length: last[i]! - from + 1 }, (_, offset) => from + offset));

test('aligns one to one, one to many and many to one', () => {
  const aligner = new TokenAligner('pivot-first');
  expect(partners(aligner.align(surfaces('quickly', ' fox', ' runs'), surfaces('quickly', ' fox', ' runs')))).toEqual([[0], [1], [2]]);
  expect(partners(aligner.align(surfaces('quickly', ' foxhole', '.'), surfaces('quickly', ' fox', 'hole', '.')))).toEqual([[0], [1, 2], [3]]);
  expect(partners(aligner.align(surfaces('quickly', ' fox', 'hole', '.'), surfaces('quickly', ' foxhole', '.')))).toEqual([[0], [1], [1], [2]]);
  expect(partners(aligner.align(surfaces('a'), surfaces('b', 'c')))).toEqual([[0, 1]]);
  expect(partners(aligner.align(surfaces('a', 'b'), surfaces('c')))).toEqual([[0], [0]]);
});

test('of equally cheap ways the one that the papers take', () => {
  const [pivot, source] = [surfaces('a', 'b', 'a'), surfaces('b', 'a', 'b')];
  expect(partners(new TokenAligner('source-first').align(pivot, source))).toEqual([[0], [0], [1, 2]]);
  expect(partners(new TokenAligner('pivot-first').align(pivot, source))).toEqual([[0, 1], [2], [2]]);
});

test('is what the definition says, ties and all, on random tokens', () => {
  const alphabet = surfaces('a', 'b', 'c', 'ab', 'ba', ' a', 'aab', 'b'.repeat(40), 'ab'.repeat(20));
  const some = (from: readonly Uint8Array[]) => fc.array(fc.constantFrom(...from), { minLength: 1, maxLength: 14 });
  const tokens = fc.oneof(some(alphabet), some(alphabet.slice(0, 2))); // the fewer, the more ties
  const differing = { count: 0 };
  const aligners = orders.map((ties) => new TokenAligner(ties));
  fc.assert(
    fc.property(tokens, tokens, (pivot, source) => {
      const expected = orders.map((ties) => slowAlignment(pivot, source, ties));
      for (const [index, { partners: wanted, cost }] of expected.entries()) {
        const found = aligners[index]!.align(pivot, source);
        expect(partners(found)).toEqual(wanted);
        expect(found.cost).toBe(cost);
      }
      if (JSON.stringify(expected[0]!.partners) !== JSON.stringify(expected[1]!.partners)) differing.count += 1;
    }),
    { seed: 6, numRuns: 400 },
  );
  expect(differing.count).toBeGreaterThan(0); // the two orders are told apart
});
