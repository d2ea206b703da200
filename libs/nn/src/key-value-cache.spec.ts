import { arange, liveTensors, noGrad, ops, randn, RandomGenerator, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import fc from 'fast-check';
import { packedAttention } from './attention.js';
import { KeyValueCache } from './key-value-cache.js';

beforeAll(() => setThreads(1));

const headDim = 4;
const keyValueHeads = 2;
const heads = 4;

/** What each row will be in the end, and in which pieces all rows grow. */
const histories = fc
  .record({ rows: fc.integer({ min: 1, max: 4 }), steps: fc.integer({ min: 1, max: 6 }) })
  .chain(({ rows, steps }) =>
    fc.record({
      pieces: fc.array(fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) }), { minLength: rows, maxLength: rows }), { minLength: steps, maxLength: steps }),
      dropAfter: fc.nat({ max: steps - 1 }),
      dropped: fc.option(fc.nat({ max: rows - 1 })),
      window: fc.option(fc.integer({ min: 1, max: 6 })),
      seed: fc.nat(),
    }),
  );

test('rows that grow in any pieces, and lose companions on the way, attend as whole rows', () => {
  fc.assert(
    fc.property(histories, ({ pieces, dropAfter, dropped, window, seed }) =>
      scope(() => {
        noGrad(() => {
          const generator = new RandomGenerator(seed);
          const rowCount = pieces[0]?.length ?? 0;
          const lengths = Array.from({ length: rowCount }, (_, row) => pieces.reduce((sum, step) => sum + (step[row] ?? 0), 0));
          const whole = lengths.map((length) => ({
            query: randn([length, heads, headDim], { generator }),
            key: randn([length, keyValueHeads, headDim], { generator }),
            value: randn([length, keyValueHeads, headDim], { generator }),
          }));
          const expected = whole.map(({ query, key, value }, row) => packedAttention(query, key, value, { boundaries: [0, lengths[row] ?? 0], scale: 0.5, window }));

          using cache = new KeyValueCache({ layers: 1, keyValueHeads, headDim });
          let live = whole.map((_, row) => row);
          const done = whole.map(() => 0);
          pieces.forEach((step, index) => {
            const counts = live.map((row) => step[row] ?? 0);
            const boundaries = counts.reduce((ends, count) => [...ends, (ends.at(-1) ?? 0) + count], [0]);
            const packed = (name: 'query' | 'key' | 'value') => ops.cat(live.map((row) => ops.narrow((whole[row] ?? whole[0]!)[name], 0, done[row] ?? 0, step[row] ?? 0)), 0);
            const attended = packedAttention(packed('query'), packed('key'), packed('value'), { boundaries, scale: 0.5, window, cache: cache.layer(0) });
            cache.advance(boundaries);
            live.forEach((row, place) => {
              const from = done[row] ?? 0;
              const count = counts[place] ?? 0;
              const ours = ops.narrow(attended, 0, boundaries[place] ?? 0, count);
              expect(furthest(ours, ops.narrow(expected[row] ?? ours, 0, from, count))).toBeLessThan(1e-5);
              done[row] = from + count;
            });
            expect(cache.lengths).toEqual(live.map((row) => done[row]));
            if (index === dropAfter && dropped !== null && live.length > 1) {
              const stay = live.map((_, place) => place).filter((place) => place !== dropped);
              cache.keepRows(stay);
              live = stay.map((place) => live[place] ?? 0);
            }
          });
        });
      }),
    ),
    { numRuns: 60 },
  );
});

test('grows past its first room and frees everything', () => {
  const before = liveTensors();
  {
    using cache = new KeyValueCache({ layers: 1, keyValueHeads: 1, headDim: 1 });
    for (let step = 0; step < 150; step += 1) {
      const sum = scope(() =>
        noGrad(() => {
          const one = ops.reshape(arange(step, step + 1, { dtype: 'float32' }), [1, 1, 1]);
          const attended = packedAttention(ops.zerosLike(one), one, one, { boundaries: [0, 1], scale: 1, cache: cache.layer(0) });
          cache.advance([0, 1]);
          return attended.item();
        }),
      );
      expect(sum).toBeCloseTo(step / 2, 4); // with a query of zeros, the mean of all values so far
    }
    expect(liveTensors()).toBe(before + 2);
  }
  expect(liveTensors()).toBe(before);
});

test('a batch of other rows, and a row that is not there, are refused', () => {
  using cache = new KeyValueCache({ layers: 1, keyValueHeads: 1, headDim: 1 });
  cache.advance([0, 3, 4]);
  expect(cache.lengths).toEqual([3, 1]);
  expect(() => cache.advance([0, 1])).toThrow(/holds 2 rows, the batch has 1/);
  expect(() => cache.nextBatch([[1]])).toThrow(/holds 2 rows/);
  expect(() => cache.keepRows([2])).toThrow(/no row 2/);
  scope(() => expect(cache.nextBatch([[7], [8, 9]]).positions.toArray()).toEqual([3, 1, 2]));
});

function furthest(actual: Tensor, expected: Tensor): number {
  return ops.amax(ops.abs(ops.sub(actual, expected))).item();
}
