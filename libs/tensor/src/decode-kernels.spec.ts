import { noGrad, ops, RandomGenerator, randn, scope, setThreads, tensor, zeros, type DType, type Tensor } from './index.js';

/** How far a kernel may be from the plain composition in float64, relative to the largest number. */
const tolerances: [DType, number][] = [
  ['float64', 1e-12],
  ['float32', 3e-6],
  ['bfloat16', 8e-3],
  ['float16', 1e-3],
];

beforeAll(() => setThreads(1));

/** Random numbers of a dtype, and the same numbers in float64. */
function drawn(shape: readonly number[], dtype: DType, generator: RandomGenerator): [Tensor, Tensor] {
  const numbers = ops.toDtype(randn(shape, { generator }), dtype);
  return [numbers, ops.toDtype(numbers, 'float64')];
}

function furthest(actual: Tensor, expected: Tensor): number {
  const wide = ops.toDtype(actual, 'float64');
  return ops.amax(ops.abs(ops.sub(wide, expected))).item() / Math.max(ops.amax(ops.abs(expected)).item(), 1e-30);
}

function inference(body: () => void): void {
  scope(() => noGrad(body));
}

describe.each(tolerances)('in %s', (dtype, tolerance) => {
  test.each([
    [1, 1, 1],
    [1, 40, 16],
    [2, 7, 33],
    [3, 21, 64],
    [4, 9, 100],
    [5, 64, 31],
    [32, 50, 96],
    [67, 17, 130],
    [129, 20, 48],
    [6, 55, 1300],
    [9, 110, 641],
  ])('fewRowsLinear of %i rows, %i out, %i in equals the product', (rows, out, inner) => {
    inference(() => {
      const generator = new RandomGenerator(rows * 31 + out);
      const [[input, wideInput], [weight, wideWeight], [bias, wideBias]] = [drawn([rows, inner], dtype, generator), drawn([out, inner], dtype, generator), drawn([out], dtype, generator)];
      const product = ops.linear(wideInput, wideWeight);
      expect(furthest(ops.fewRowsLinear(input, weight), product)).toBeLessThan(tolerance);
      expect(furthest(ops.fewRowsLinear(input, weight, bias), ops.add(product, wideBias))).toBeLessThan(tolerance);
      expect(furthest(ops.project(input, weight, bias), ops.add(product, wideBias))).toBeLessThan(tolerance);
    });
  });

  test.each([
    [45, 70],
    [13, 1290],
  ])('a row of fewRowsLinear is the same to the last bit whatever stands beside it: %i out, %i in', (out, inner) => {
    inference(() => {
      const generator = new RandomGenerator(3);
      const [[input], [weight]] = [drawn([39, inner], dtype, generator), drawn([out, inner], dtype, generator)];
      const together = ops.fewRowsLinear(input, weight);
      for (const count of [1, 2, 3, 5, 38]) {
        const some = ops.fewRowsLinear(ops.narrow(input, 0, 1, count), weight);
        expect(ops.equal(some, ops.narrow(together, 0, 1, count))).toBe(true);
      }
    });
  });

  test.each([
    [1, 1, 1],
    [5, 17, 33],
    [97, 130, 600],
    [2050, 20, 12],
    [100, 2060, 1030],
  ])('manyRowsLinear of %i rows, %i out, %i in equals the product, of views too', (rows, out, inner) => {
    inference(() => {
      const generator = new RandomGenerator(rows + out);
      const [[input, wideInput], [weight, wideWeight], [bias, wideBias]] = [drawn([rows, inner + 3], dtype, generator), drawn([inner + 2, out], dtype, generator), drawn([out], dtype, generator)];
      const [part, matrix] = [ops.narrow(input, 1, 2, inner), ops.t(ops.narrow(weight, 0, 1, inner))];
      const product = ops.mm(ops.narrow(wideInput, 1, 2, inner), ops.narrow(wideWeight, 0, 1, inner));
      expect(furthest(ops.manyRowsLinear(part, matrix), product)).toBeLessThan(tolerance);
      expect(furthest(ops.manyRowsLinear(ops.clone(part), ops.clone(matrix), bias), ops.add(product, wideBias))).toBeLessThan(tolerance);
    });
  });

  test('fewRowsLinear takes views, and nothing as sums of nothing', () => {
    inference(() => {
      const generator = new RandomGenerator(5);
      const [[wide], [tall], [bias]] = [drawn([7, 50], dtype, generator), drawn([20, 60], dtype, generator), drawn([11], dtype, generator)];
      const [input, weight] = [ops.narrow(wide, 1, 3, 30), ops.narrow(ops.narrow(tall, 0, 5, 11), 1, 7, 30)];
      expect(ops.equal(ops.fewRowsLinear(input, weight), ops.fewRowsLinear(ops.clone(input), ops.clone(weight)))).toBe(true);
      expect(ops.equal(ops.fewRowsLinear(ops.narrow(wide, 1, 0, 0), ops.narrow(weight, 1, 0, 0), bias), ops.expand(bias, [7, 11]))).toBe(true);
    });
  });

  test.each([
    { heads: 1, keyValueHeads: 1, headDim: 4, window: null, softcap: null },
    { heads: 9, keyValueHeads: 3, headDim: 64, window: null, softcap: null },
    { heads: 10, keyValueHeads: 2, headDim: 40, window: 5, softcap: null },
    { heads: 8, keyValueHeads: 1, headDim: 100, window: 1, softcap: 3 },
  ])('decodeAttention equals softmax over each row: %j', ({ heads, keyValueHeads, headDim, window, softcap }) => {
    inference(() => {
      const generator = new RandomGenerator(heads);
      const [lengths, places, capacity] = [[0, 3, 17, 8], [4, 0, 2, 1], 20];
      const rows = lengths.length;
      const [[query, wideQuery], [key, wideKey], [value, wideValue]] = [[rows, heads, headDim], [rows, keyValueHeads, headDim], [rows, keyValueHeads, headDim]].map((shape) => drawn(shape, dtype, generator)) as [[Tensor, Tensor], [Tensor, Tensor], [Tensor, Tensor]];
      const [[keys], [values]] = [drawn([5, keyValueHeads, capacity, headDim], dtype, generator), drawn([5, keyValueHeads, capacity, headDim], dtype, generator)];
      // What no row has filled must not matter.
      lengths.forEach((length, row) => {
        for (const held of [keys, values]) ops.fillInPlace(ops.narrow(ops.select(held, 0, places[row]!), 1, length, capacity - length), NaN);
      });
      const attended = ops.decodeAttention(query, key, value, keys, values, places, lengths, 0.3, window, softcap);
      lengths.forEach((length, row) => {
        const slots = Math.min(window ?? Infinity, length + 1);
        const own = (held: Tensor): Tensor => ops.toDtype(ops.narrow(ops.select(held, 0, places[row]!), 1, length + 1 - slots, slots), 'float64'); // [keyValueHeads, slots, headDim]
        const latest = (held: Tensor): Tensor => ops.select(own(held), 1, slots - 1);
        expect(ops.equal(latest(keys), ops.select(wideKey, 0, row))).toBe(true);
        expect(ops.equal(latest(values), ops.select(wideValue, 0, row))).toBe(true);
        const grouped = ops.view(ops.select(wideQuery, 0, row), [keyValueHeads, heads / keyValueHeads, headDim]);
        const scores = ops.mulScalar(ops.matmul(grouped, ops.transpose(own(keys), 1, 2)), 0.3);
        const seen = softcap === null ? scores : ops.mulScalar(ops.tanh(ops.divScalar(scores, softcap)), softcap);
        const expected = ops.view(ops.matmul(ops.softmax(seen, -1), own(values)), [heads, headDim]);
        expect(furthest(ops.select(attended, 0, row), expected)).toBeLessThan(tolerance);
      });
    });
  });

  test.each([
    [1, 1],
    [3, 15],
    [4, 1000],
    [2, 70_001],
  ])('likeliest of %i rows of %i finds the first largest and its probability', (rows, vocabulary) => {
    inference(() => {
      const [logits, wide] = drawn([rows, vocabulary], dtype, new RandomGenerator(vocabulary));
      const [places, logProbs] = ops.likeliest(logits);
      const flat = wide.toArray();
      const first = Array.from({ length: rows }, (_, row) => {
        const numbers = flat.slice(row * vocabulary, (row + 1) * vocabulary);
        return numbers.indexOf(numbers.reduce((most, number) => Math.max(most, number), -Infinity));
      });
      expect(places.toArray()).toEqual(first);
      const expected = ops.squeeze(ops.gather(ops.logSoftmax(wide, -1), 1, ops.unsqueeze(places, 1)), 1);
      expect(furthest(ops.addScalar(ops.toDtype(logProbs, 'float64'), 10), ops.addScalar(expected, 10))).toBeLessThan(2e-6);
    });
  });
});

test('a row of manyRowsLinear is the same in float32 to the last bit whatever stands beside it', () => {
  inference(() => {
    const generator = new RandomGenerator(4);
    const [input, weight] = [randn([300, 1290], { generator }), randn([45, 1290], { generator })];
    const together = ops.manyRowsLinear(input, weight);
    for (const [first, count] of [[0, 1], [7, 5], [90, 13], [1, 299]] as const) {
      expect(ops.equal(ops.manyRowsLinear(ops.narrow(input, 0, first, count), weight), ops.narrow(together, 0, first, count))).toBe(true);
    }
  });
});

test('manyRowsLinear leaves what it has no kernel for to project: nothing, and gradients', () => {
  scope(() => {
    expect(ops.manyRowsLinear(zeros([0, 3]), zeros([4, 3])).shape).toEqual([0, 4]);
    expect(() => ops.manyRowsLinear(zeros([2, 3]), zeros([4, 5]))).toThrow(/shapes|size/);
    const input = randn([3, 8]).setRequiresGrad(true);
    ops.sumAll(ops.manyRowsLinear(input, ops.onesLike(randn([5, 8])))).backward();
    expect(input.grad!.toArray()).toEqual(Array<number>(24).fill(5));
  });
});

test('likeliest tells of what is not finite by a probability that is not finite', () => {
  inference(() => {
    for (const broken of [NaN, Infinity]) expect(Number.isFinite(ops.likeliest(tensor([0, 1, broken, 2], { shape: [1, 4] }))[1].item())).toBe(false);
  });
});

test('project has the gradients of linear, and its results for many rows', () => {
  scope(() => {
    const [input, weight] = [randn([3, 8]).setRequiresGrad(true), randn([5, 8]).setRequiresGrad(true)];
    const product = ops.project(input, weight);
    product.backward(ops.onesLike(product));
    const expected = ops.expand(ops.sum(noGrad(() => ops.mulScalar(weight, 1)), [0], true), [3, 8]);
    expect(ops.amax(ops.abs(ops.sub(input.grad!, expected))).item()).toBeLessThan(1e-5);
    const many = ops.toDtype(randn([200, 8]), 'bfloat16');
    const narrow = ops.toDtype(noGrad(() => ops.mulScalar(weight, 1)), 'bfloat16');
    expect(ops.equal(ops.project(many, narrow), ops.linear(many, narrow))).toBe(true);
  });
});

test('kernels of decoding say what does not fit', () => {
  inference(() => {
    expect(() => ops.fewRowsLinear(zeros([2, 3]), zeros([4, 5]))).toThrow(/size mismatch/);
    expect(() => ops.fewRowsLinear(zeros([2, 3]), zeros([4, 3], { dtype: 'float64' }))).toThrow(/same dtype/);
    const [query, key, held] = [zeros([1, 2, 4]), zeros([1, 1, 4]), zeros([1, 1, 3, 4])];
    expect(() => ops.decodeAttention(query, key, key, held, zeros([1, 1, 3, 4]), [0], [3], 1)).toThrow(/less than the 3 slots/);
    expect(() => ops.decodeAttention(query, key, key, held, zeros([1, 1, 3, 4]), [1], [0], 1)).toThrow(/different rows of 1/);
    expect(() => ops.likeliest(zeros([3]))).toThrow(/expected logits \[rows, vocabulary\]/);
  });
  scope(() => expect(() => ops.fewRowsLinear(zeros([1, 2], { requiresGrad: true }), zeros([3, 2]))).toThrow(/no gradient/));
});
