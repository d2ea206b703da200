import { liveTensors, manualSeed, noGrad, ops, randn, scope, setThreads, tensor, threads, zeros, type DType, type Tensor } from './index.js';

// The merge kernels promise the bits that the plain operators give one after another in the tensors' dtype, whatever the threads.

const dtypes = ['float64', 'float32', 'bfloat16', 'float16'] as const;
/** Not a multiple of a vector, nor of a block; and more than one chunk of a thread. */
const sizes = [[7], [37, 61], [70_001]];
const everywhere = dtypes.flatMap((dtype) => sizes.map((shape) => [dtype, shape] as const));

function models(dtype: DType, shape: readonly number[], count = 3): { base: Tensor; models: Tensor[] } {
  manualSeed(shape.length + shape[0]!);
  const base = ops.toDtype(ops.mulScalar(randn(shape), 0.05), dtype);
  return { base, models: Array.from({ length: count }, () => ops.toDtype(ops.add(base, ops.mulScalar(randn(shape), 0.02)), dtype)) };
}

const differencesOf = ({ base, models: all }: { base: Tensor; models: Tensor[] }): Tensor => ops.stack(all.map((model) => ops.sub(model, base)));

/** Runs with one thread and with two, which must agree to the bit. */
function withThreads(make: () => Tensor): Tensor {
  const before = threads();
  try {
    setThreads(1);
    const alone = make();
    setThreads(2);
    expectEqual(make(), alone);
    return alone;
  } finally {
    setThreads(before);
  }
}

/** The same bits (but for the sign of zero), without a list of thousands of numbers for each comparison. */
function expectEqual(one: Tensor, other: Tensor): void {
  expect([one.dtype, one.shape]).toEqual([other.dtype, other.shape]);
  if (!ops.equal(one, other)) expect(one.toArray()).toEqual(other.toArray());
}

const inside = (body: () => void): void => {
  const before = liveTensors();
  scope(() => noGrad(body));
  expect(liveTensors()).toBe(before);
};

/** The bits of a mask as ones and zeros of the shape. */
function unpacked(mask: Tensor, like: Tensor): number[] {
  const bytes = mask.toArray();
  return Array.from({ length: like.size }, (_, index) => (bytes[index >> 3]! >> (index & 7)) & 1);
}

function expectMask(mask: Tensor, size: number, kept: ReadonlySet<number>): void {
  expectEqual(mask, bits(Array.from({ length: size }, (_, index) => (kept.has(index) ? 1 : 0))));
}

const bits = (kept: readonly number[]): Tensor =>
  tensor(Array.from({ length: Math.ceil(kept.length / 8) }, (_, byte) => kept.slice(byte * 8, byte * 8 + 8).reduce((sum, bit, place) => sum + (bit << place), 0)), { dtype: 'uint8' });

test.each(everywhere)('the weighted sum, in %s of %j', (dtype, shape) => {
  inside(() => {
    const { models: all } = models(dtype, shape);
    const weights = [0.3, -1.2, 2];
    const wide = dtype === 'float64' ? 'float64' : 'float32';
    const sum = all.reduce((total, model, index) => ops.addcmul(total, ops.toDtype(model, wide), tensor([weights[index]!], { dtype: wide })), zeros(shape, { dtype: wide }));
    const plain = ops.toDtype(ops.div(sum, tensor([1.1], { dtype: wide })), dtype);
    expectEqual(withThreads(() => ops.mergeLinear(all, weights, 1.1)), plain);
  });
});

test.each(everywhere)('masks between two ranks of a stable sort, in %s of %j', (dtype, shape) => {
  inside(() => {
    const both = models(dtype, shape, 1);
    const difference = ops.select(differencesOf(both), 0, 0);
    const size = both.base.size;
    for (const descending of [false, true]) {
      const order = ops.sortStable(ops.toDtype(ops.reshape(ops.abs(difference), [-1]), 'float32'), true, 0, descending)[1].toArray();
      for (const [first, length] of [[0, Math.trunc(size / 3)], [Math.trunc(size / 4), Math.trunc(size / 2)], [size - 1, 1], [0, size], [2, 0]] as const) {
        const kept = new Set(order.slice(first, first + length));
        const mask = withThreads(() => ops.mergeMagnitudeMask(both.base, both.models[0]!, first, length, descending)[0]);
        expectMask(mask, size, kept);
      }
    }
    const [mask, sums] = ops.mergeMagnitudeMask(both.base, both.models[0]!, 0, Math.trunc(size / 2), true);
    const magnitudes = ops.reshape(ops.abs(ops.toDtype(difference, 'float64')), [-1]);
    const expected = [ops.sumAll(magnitudes).item(), ops.sumAll(ops.mul(magnitudes, tensor(unpacked(mask, both.base), { dtype: 'float64' }))).item()];
    sums.toArray().forEach((sum, index) => expect(Math.abs(sum - expected[index]!)).toBeLessThan(1e-5 * expected[0]!));
  });
});

test.each(everywhere.flatMap(([dtype, shape]) => [0, 1, 2].map((consensus) => [consensus, dtype, shape] as const)))('task vectors by consensus %d, in %s of %j', (consensus, dtype, shape) => {
  inside(() => {
    const both = models(dtype, shape);
    const size = both.base.size;
    const kept = both.models.map((_, model) => (model === 1 ? null : Array.from({ length: size }, (_unused, index) => (index * 7 + model) % 3 === 0 ? 0 : 1)));
    const [weights, scales, lambda] = [[0.7, -0.3, 1.1], [1.7, 1, 1], 0.9];
    const fused = withThreads(() => ops.mergeTaskVectors(both.base, both.models, weights, kept.map((mask) => mask && bits(mask)), scales, consensus, true, lambda));

    const masks = ops.stack(kept.map((mask) => ops.reshape(tensor(mask ?? Array.from({ length: size }, () => 1), { dtype }), shape)));
    const column = (values: readonly number[]): Tensor => ops.reshape(tensor(values, { dtype }), [3, ...shape.map(() => 1)]);
    // Scales are numbers, not tensors of the dtype: each is applied as one.
    const masked = ops.unbind(ops.mul(differencesOf(both), masks)).map((each, index) => ops.mulScalar(each, scales[index]!));
    const differences = ops.stack(masked);
    const weighted = ops.mul(differences, column(weights));
    const votes = ops.sum(consensus === 2 ? differences : weighted, 0);
    const agrees = ops.toDtype(ops.eq(ops.sign(weighted), ops.sub(ops.mulScalar(ops.toDtype(ops.geScalar(votes, 0), dtype), 2), ops.onesLike(votes))), dtype);
    const agreesPlain = ops.toDtype(ops.eq(ops.sign(differences), ops.sub(ops.mulScalar(ops.toDtype(ops.geScalar(votes, 0), dtype), 2), ops.onesLike(votes))), dtype);
    const agreement = consensus === 2 ? agreesPlain : agrees;
    const summed = consensus === 0 ? ops.sum(weighted, 0) : ops.sum(ops.mul(weighted, agreement), 0);
    const divisor = consensus === 0 ? ops.sum(column(weights), 0) : ops.sum(ops.mul(column(weights), agreement), 0);
    const safe = consensus === 2 ? ops.clamp(divisor, 1e-6, null) : ops.maskedFill(divisor, ops.eqScalar(divisor, 0), 1);
    const plain = ops.add(both.base, ops.mulScalar(ops.div(summed, safe), lambda));
    expectEqual(fused, plain);
  });
});

test.each(everywhere)('the largest variances and the squares there, in %s of %j', (dtype, shape) => {
  inside(() => {
    const both = models(dtype, shape);
    // Elements that do not vary are never selected.
    for (const model of both.models) ops.copyInPlace(ops.narrow(ops.reshape(model, [-1]), 0, 0, 3), ops.narrow(ops.reshape(both.base, [-1]), 0, 0, 3));
    const differences = differencesOf(both);
    const variance = ops.reshape(ops.variance(differences, 0, 0), [-1]);
    const selected = Math.trunc(ops.countNonzero(variance).item() * 0.4);
    const order = ops.sortStable(ops.toDtype(variance, 'float32'), true, 0, true)[1].toArray().slice(0, selected);
    const kept = new Set(order);
    const [mask, count] = ops.mergeVarianceMask(both.base, both.models, 0.4);
    expect(count.item()).toBe(selected);
    expectMask(mask, both.base.size, kept);
    const squares = ops.reshape(ops.toDtype(ops.square(differences), 'float64'), [3, -1]);
    const expected = ops.sum(ops.mul(squares, tensor(unpacked(mask, both.base), { dtype: 'float64' })), 1).toArray();
    withThreads(() => ops.mergeSquaredChanges(both.base, both.models, mask)).toArray().forEach((sum, index) => expect(Math.abs(sum - expected[index]!)).toBeLessThanOrEqual(1e-5 * expected[index]!));
  });
});

test('chance depends on seed, stream and place alone', () => {
  inside(() => {
    const both = models('float32', [3000], 1);
    const mask = (seed: number, stream: number): number[] => unpacked(withThreads(() => ops.mergeRandomMask(both.base, both.models[0]!, 0.25, seed, stream)[0]), both.base);
    const first = mask(2 ** 40 + 5, 1);
    expect(first.reduce((sum, bit) => sum + bit, 0) / 3000).toBeCloseTo(0.25, 1);
    for (const other of [mask(5, 1), mask(2 ** 40 + 5, 2)]) expect(other).not.toEqual(first);
    const short = ops.narrow(both.base, 0, 0, 1500);
    expect(unpacked(ops.mergeRandomMask(short, ops.narrow(both.models[0]!, 0, 0, 1500), 0.25, 2 ** 40 + 5, 1)[0], short)).toEqual(first.slice(0, 1500));
  });
});

/** Differences from zero of a row: equal ones, zeros, few octaves (counted by number), and more octaves than there are counts for (sorted). */
const rows: readonly (readonly [string, (index: number) => number])[] = [
  ['many equal magnitudes', (index) => (((index * 37) % 11) - 5) / 64],
  ['zeros alone', () => 0],
  ['a few octaves', (index) => Math.sin(index * index)],
  ['all octaves', (index) => (index % 2 === 0 ? 1 : -1) * 2 ** (((index * 53) % 200) - 100)],
];

test.each(dtypes.flatMap((dtype) => rows.map(([name, at]) => [name, dtype, at] as const)))('the chance of an element goes by its rank in the row: %s, in %s', (_name, dtype, at) => {
  inside(() => {
    const [height, width] = [11, 93];
    const matrix = (of: (index: number) => number): Tensor => tensor(Array.from({ length: height * width }, (_, index) => of(index)), { shape: [height, width], dtype });
    const base = zeros([height, width], { dtype });
    const maskOf = (model: Tensor): number[] => unpacked(withThreads(() => ops.mergeRankMask(base, model, 0.5, 0.3, 2 ** 40 + 5, 1)[0]), base);
    const keptRanks = maskOf(matrix((index) => ((index % width) + 1) / 128)); // in order: the rank is the place
    const model = matrix((index) => at((index * 7) % 1000));
    const order = ops.sortStable(ops.toDtype(ops.abs(model), 'float32'), true, 1, false)[1].toArray();
    const expected = Array.from({ length: height * width }, () => -1);
    order.forEach((place, index) => (expected[index - (index % width) + place] = keptRanks[index]!));
    expect(maskOf(model)).toEqual(expected);
  });
});

test.each([
  ['other shapes', () => ops.mergeLinear([randn([2]), randn([3])], [1, 1], 1), /size mismatch/],
  ['other dtypes', () => ops.mergeTaskVectors(randn([2]), [randn([2], { dtype: 'bfloat16' })], [1], [null], [1], 0, false, 1), /expected dtype/],
  ['weights that are too few', () => ops.mergeLinear([randn([2]), randn([2])], [1], 1), /size mismatch/],
  ['masks that are too short', () => ops.mergeTaskVectors(randn([9]), [randn([9])], [1], [tensor([1], { dtype: 'uint8' })], [1], 0, false, 1), /size mismatch/],
  ['ranks beyond the elements', () => ops.mergeMagnitudeMask(randn([2]), randn([2]), 1, 2, false)[0], /expected from 0 to 2/],
])('refuses %s', (_name, call, message) => {
  inside(() => expect(call).toThrow(message));
});
