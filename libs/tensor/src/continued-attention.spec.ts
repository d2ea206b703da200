import { noGrad, ops, randn, RandomGenerator, scope, setThreads, zeros, type Tensor } from './index.js';

beforeAll(() => setThreads(2));

const [heads, keyValueHeads, dim] = [4, 2, 16];

function draw(length: number, seed: number, dtype: 'float32' | 'bfloat16'): { query: Tensor; key: Tensor; value: Tensor } {
  const generator = new RandomGenerator(seed);
  const make = (count: number) => ops.toDtype(randn([length, count, dim], { generator }), dtype);
  return { query: make(heads), key: make(keyValueHeads), value: make(keyValueHeads) };
}

test.each(['float32', 'bfloat16'] as const)('in %s the end of a row, continued from any place, has the same bits as in the whole row', (dtype) => {
  scope(() =>
    noGrad(() => {
      const length = 300;
      const { query, key, value } = draw(length, 5, dtype);
      for (const window of [null, 40]) {
        const whole = ops.packedAttention(query, key, value, [0, length], 0.25, window, null);
        for (const cut of [1, 127, 128, 200, 299]) {
          const end = (tensor: Tensor) => ops.narrow(tensor, 0, cut, length - cut);
          const ours = ops.continuedAttention(end(query), end(key), end(value), [0, length - cut], [key], [value], [0, 0, cut], [1], 0.25, window, null);
          expect(ops.equal(ours, end(whole))).toBe(true);
        }
      }
    }),
  );
});

test('many rows share stretches, in several tensors; a row without a past is one of its own', () => {
  scope(() =>
    noGrad(() => {
      const { query, key, value } = draw(60, 6, 'float32');
      const part = (tensor: Tensor, start: number, count: number) => ops.narrow(tensor, 0, start, count);
      // Past of rows 0 to 9: tokens 0 to 20 and 30 to 34; then two tokens of their own. Row 10 has none.
      const rows = Array.from({ length: 11 }, (_, row) => 36 + row * 2);
      const packed = (tensor: Tensor) => ops.cat(rows.map((start) => part(tensor, start, 2)), 0);
      const boundaries = Array.from({ length: 12 }, (_, row) => row * 2);
      const stretches = [0, 0, 20, 1, 0, 4];
      const ours = ops.continuedAttention(packed(query), packed(key), packed(value), boundaries, [key, part(key, 30, 4)], [value, part(value, 30, 4)], Array(10).fill(stretches).flat() as number[], [...Array.from({ length: 10 }, (_, row) => (row + 1) * 2), 20], 0.5);
      rows.forEach((start, row) => {
        const whole = (tensor: Tensor) => (row === 10 ? part(tensor, start, 2) : ops.cat([part(tensor, 0, 20), part(tensor, 30, 4), part(tensor, start, 2)], 0));
        const length = row === 10 ? 2 : 26;
        const expected = ops.packedAttention(whole(query), whole(key), whole(value), [0, length], 0.5);
        expect(ops.equal(part(ours, row * 2, 2), part(expected, length - 2, 2))).toBe(true);
      });
    }),
  );
});

test('refuses stretches that are not there, other shapes, and gradients', () => {
  scope(() => {
    const [query, key] = [zeros([2, heads, dim]), zeros([2, keyValueHeads, dim])];
    const attend = (stretches: number[], ends: number[], past = key) => () => ops.continuedAttention(query, key, key, [0, 2], [past], [past], stretches, ends, 1);
    expect(attend([0, 0, 3], [1])).toThrow(/stretches: size mismatch/);
    expect(attend([1, 0, 1], [1])).toThrow(/stretches: size mismatch/);
    expect(attend([0, 0, 1], [1, 1])).toThrow(/stretch_ends: size mismatch/);
    expect(attend([0, 0, 1], [1], zeros([2, 1, dim]))).toThrow(/past_keys: size mismatch/);
    const tracked = zeros([2, heads, dim], { requiresGrad: true });
    expect(() => ops.continuedAttention(tracked, key, key, [0, 2], [key], [key], [0, 0, 1], [1], 1)).toThrow(/no gradient/);
  });
});
