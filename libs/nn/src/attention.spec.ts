import { noGrad, ops, randn, RandomGenerator, scope, setThreads, tensor, type Tensor } from '@tunesmith/tensor';
import fc from 'fast-check';
import { packedAttention } from './attention.js';
import { naiveAttention, nested } from './testing/naive-attention.js';

beforeAll(() => setThreads(1));

const shapes = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
  keyValueHeads: fc.integer({ min: 1, max: 3 }),
  group: fc.integer({ min: 1, max: 3 }),
  headDim: fc.integer({ min: 1, max: 7 }),
  window: fc.option(fc.integer({ min: 1, max: 10 })),
  softcap: fc.option(fc.double({ min: 0.5, max: 2, noNaN: true })),
  differentiated: fc.boolean(),
  seed: fc.nat(),
});
type Shapes = typeof shapes extends fc.Arbitrary<infer T> ? T : never;

function draw({ lengths, keyValueHeads, group, headDim, seed, differentiated }: Shapes) {
  const generator = new RandomGenerator(seed);
  const boundaries = lengths.reduce((ends, length) => [...ends, (ends.at(-1) ?? 0) + length], [0]);
  const tokens = boundaries.at(-1) ?? 0;
  const make = (heads: number) => randn([tokens, heads, headDim], { generator, requiresGrad: differentiated });
  return { boundaries, query: make(keyValueHeads * group), key: make(keyValueHeads), value: make(keyValueHeads), scale: 0.7 };
}

test('packed attention is the formula, with and without gradients, windows and soft caps', () => {
  fc.assert(
    fc.property(shapes, (shape) =>
      scope(() => {
        const { query, key, value, ...drawn } = draw(shape);
        const options = { ...drawn, window: shape.window, softcap: shape.softcap };
        const attended = packedAttention(query, key, value, options);
        expect(attended.shape).toEqual(query.shape);
        const list = (tensor: Tensor) => nested(tensor.toArray(), tensor.shape[1] ?? 1, shape.headDim);
        const expected = naiveAttention(list(query), list(key), list(value), options).flat(2);
        attended.toArray().forEach((number, index) => expect(number).toBeCloseTo(expected[index] ?? NaN, 5));
      }),
    ),
    { numRuns: 150 },
  );
});

test('the gradients are those of libtorch attention', () => {
  fc.assert(
    fc.property(shapes, (shape) =>
      scope(() => {
        const { query, key, value, boundaries, scale } = draw({ ...shape, differentiated: true });
        const weights = randn(query.shape, { generator: new RandomGenerator(shape.seed + 1) });
        const gradients = (attended: Tensor) => {
          ops.sumAll(ops.mul(attended, weights)).backward();
          const all = [query, key, value].map((tensor) => tensor.grad?.toArray() ?? []);
          for (const tensor of [query, key, value]) tensor.zeroGrad();
          return all.flat();
        };
        const ours = gradients(packedAttention(query, key, value, { boundaries, scale, window: shape.window }));
        const rows = shape.lengths.map((length, row) => {
          const [q, k, v] = [query, key, value].map((tensor) => ops.narrow(tensor, 0, boundaries[row] ?? 0, length)) as [Tensor, Tensor, Tensor];
          return attendRow(q, k, v, scale, shape.window);
        });
        const theirs = gradients(ops.cat(rows, 0));
        ours.forEach((number, index) => expect(number).toBeCloseTo(theirs[index] ?? NaN, 4));
      }),
    ),
    { numRuns: 50 },
  );
});

test('long rows with gradients agree with themselves without', () => {
  scope(() => {
    const shape = { lengths: [330, 5, 400], keyValueHeads: 1, group: 2, headDim: 8, window: null, softcap: null, differentiated: true, seed: 3 };
    const { query, key, value, boundaries, scale } = draw(shape);
    const tracked = packedAttention(query, key, value, { boundaries, scale });
    expect(tracked.requiresGrad).toBe(true);
    const plain = noGrad(() => packedAttention(query.detach(), key.detach(), value.detach(), { boundaries, scale }));
    const difference = ops.amax(ops.abs(ops.sub(tracked, plain))).item();
    expect(difference).toBeLessThan(1e-5);
  });
});

/** One row by libtorch's own attention: [length, heads, headDim]. */
function attendRow(query: Tensor, key: Tensor, value: Tensor, scale: number, window: number | null | undefined): Tensor {
  const length = query.shape[0] ?? 0;
  const seen = Array.from({ length: length * length }, (_, place) => {
    const back = Math.floor(place / length) - (place % length);
    return Number(back >= 0 && (window == null || back < window));
  });
  const heads = (row: Tensor): Tensor => ops.unsqueeze(ops.transpose(row, 0, 1), 0);
  const mask = tensor(seen, { shape: [length, length], dtype: 'bool' });
  return ops.transpose(ops.squeeze(ops.scaledDotProductAttention(heads(query), heads(key), heads(value), mask, 0, false, scale, query.shape[1] !== key.shape[1]), 0), 0, 1);
}
