import { arange, full, liveTensors, noGrad, ops, RandomGenerator, randn, scope, tensor, type DType, type Tensor } from './index.js';

/** How far a kernel may be from the plain composition in float64, relative to the largest number. */
const tolerances: [DType, number][] = [
  ['float64', 1e-9],
  ['float32', 3e-6],
  ['bfloat16', 1.2e-2],
  ['float16', 2e-3],
];

interface Kernel {
  name: string;
  /** Widths that fill vectors, do not, and are smaller than one. */
  shapes: number[][][];
  fused(inputs: Tensor[]): Tensor;
  plain(inputs: Tensor[]): Tensor;
}

const at = <T>(tensors: readonly T[], index: number): T => {
  const found = tensors[index];
  if (found === undefined) throw new RangeError(`nothing at ${index}`);
  return found;
};

function rotation(tokens: number, dim: number, dtype: DType): [Tensor, Tensor] {
  const speeds = tensor(Array.from({ length: dim }, (_, i) => 10 ** (-(i % (dim / 2)) / 4)), { dtype: 'float64', shape: [1, dim] });
  const angles = ops.mul(ops.unsqueeze(arange(0, tokens, { dtype: 'float64' }), 1), speeds);
  return [ops.toDtype(ops.unsqueeze(ops.cos(angles), 1), dtype), ops.toDtype(ops.unsqueeze(ops.sin(angles), 1), dtype)];
}

function gatedPlain(input: Tensor, activation: (gate: Tensor) => Tensor): Tensor {
  const [gate, up] = ops.chunk(input, 2, -1);
  if (!gate || !up) throw new RangeError('expected two halves');
  return ops.mul(activation(gate), up);
}

interface AttentionCase {
  name: string;
  rows: number[];
  heads: number;
  keyValueHeads: number;
  dim: number;
  valueDim?: number;
  window?: number;
  softcap?: number;
}

/** Rows that fill blocks, do not, and are longer than one; heads in groups; dimensions that vectors do not divide. */
const attentionCases: AttentionCase[] = [
  { name: 'grouped heads', rows: [5, 70, 1, 0, 130], heads: 6, keyValueHeads: 2, dim: 64 },
  { name: 'odd sizes, a window', rows: [33, 150], heads: 2, keyValueHeads: 2, dim: 5, valueDim: 7, window: 9 },
  { name: 'a window longer than a block, a soft cap', rows: [300], heads: 2, keyValueHeads: 1, dim: 24, window: 140, softcap: 3 },
  { name: 'a soft cap', rows: [17, 64], heads: 3, keyValueHeads: 1, dim: 16, softcap: 1.5 },
];

function endsOf(rows: readonly number[]): number[] {
  return rows.reduce((ends, row) => [...ends, (ends.at(-1) ?? 0) + row], [0]);
}

function attentionPlain([query, key, value]: readonly [Tensor, Tensor, Tensor], { rows, heads, keyValueHeads, window, softcap }: AttentionCase): Tensor {
  const ends = endsOf(rows);
  const parts = rows.flatMap((length, row) => {
    if (length === 0) return [];
    const [q, k, v] = [query, key, value].map((each) => {
      const own = ops.transpose(ops.narrow(each, 0, ends[row] ?? 0, length), 0, 1); // [heads, length, dim]
      return own.shape[0] === heads ? own : ops.repeatInterleave(own, heads / keyValueHeads, 0);
    }) as [Tensor, Tensor, Tensor];
    const scores = ops.mulScalar(ops.matmul(q, ops.transpose(k, 1, 2)), attentionScale);
    const capped = softcap === undefined ? scores : ops.mulScalar(ops.tanh(ops.divScalar(scores, softcap)), softcap);
    const closed = full([length, length], -Infinity, { dtype: query.dtype });
    const future = ops.triu(closed, 1);
    const bias = window === undefined ? future : ops.add(future, ops.tril(closed, -window));
    return [ops.transpose(ops.matmul(ops.softmax(ops.add(capped, bias), -1), v), 0, 1)];
  });
  return ops.cat(parts, 0);
}

const attentionScale = 0.4;

/** Tokens and columns that fill blocks, do not, and are fewer than one; members without an update; odd sizes and ranks. */
const linearCases = [
  { name: 'one member', tokens: 70, width: 34, members: [{ size: 48, rank: 4 }], frozen: true },
  { name: 'three members', tokens: 301, width: 96, members: [{ size: 80, rank: 3 }, { size: 40, rank: 3 }, { size: 40, rank: 4 }], frozen: true },
  { name: 'a member without an update', tokens: 9, width: 20, members: [{ size: 10, rank: 2 }, { size: 10, rank: 0 }, { size: 14, rank: 1 }], frozen: true },
  { name: 'weights that learn', tokens: 130, width: 66, members: [{ size: 70, rank: 0 }, { size: 6, rank: 0 }], frozen: false },
  { name: 'odd sizes', tokens: 5, width: 7, members: [{ size: 3, rank: 1 }, { size: 4, rank: 2 }], frozen: false },
];

const rmsShapes = [
  [[3, 7, 40], [40]],
  [[5, 3], [3]],
  [[300, 64], [64]],
];
const gatedShapes = [[[9, 2 * 37]], [[2, 3, 2 * 64]], [[300, 2]]];
const kernels: Kernel[] = [
  ...attentionCases.map((each): Kernel => {
    const { rows, heads, keyValueHeads, dim, valueDim = dim, window = null, softcap = null } = each;
    const tokens = rows.reduce((sum, row) => sum + row, 0);
    return {
      name: `packedAttention with ${each.name}`,
      shapes: [[[tokens, heads, dim], [tokens, keyValueHeads, dim], [tokens, keyValueHeads, valueDim]]],
      fused: (inputs) => ops.packedAttention(at(inputs, 0), at(inputs, 1), at(inputs, 2), endsOf(rows), attentionScale, window, softcap),
      plain: (inputs) => attentionPlain([at(inputs, 0), at(inputs, 1), at(inputs, 2)], each),
    };
  }),
  ...[0, 1].map((offset) => ({
    name: `fusedRmsNorm with offset ${offset}`,
    shapes: rmsShapes,
    fused: (inputs: Tensor[]) => ops.fusedRmsNorm(at(inputs, 0), at(inputs, 1), 1e-5, offset),
    plain: (inputs: Tensor[]) => {
      const [x, w] = [at(inputs, 0), at(inputs, 1)];
      return ops.mul(ops.mul(x, ops.rsqrt(ops.addScalar(ops.mean(ops.square(x), -1, true), 1e-5))), ops.addScalar(w, offset));
    },
  })),
  ...linearCases.map(({ name, tokens, width, members, frozen }): Kernel => {
    const updated = members.flatMap(({ rank }, index) => (rank > 0 ? [index] : []));
    const scalings = updated.map((index) => 0.5 + index);
    /** The tensors of one kind begin at: */
    const [weights, biases, as, bs] = [1, 1 + members.length, 1 + 2 * members.length, 1 + 2 * members.length + updated.length];
    const fixed = (tensors: Tensor[]) => (frozen ? tensors.map((each) => each.detach()) : tensors);
    return {
      name: `joinedLinear with ${name}`,
      shapes: [
        [
          [tokens, width],
          ...members.map(({ size }) => [size, width]),
          ...members.map(({ size }) => [size]),
          ...updated.map((index) => [at(members, index).rank, width]),
          ...updated.map((index) => [at(members, index).size, at(members, index).rank]),
        ],
      ],
      fused: (inputs) => ops.joinedLinear(at(inputs, 0), fixed(inputs.slice(weights, biases)), fixed(inputs.slice(biases, as)), inputs.slice(as, bs), inputs.slice(bs), updated, scalings),
      plain: (inputs) => {
        const x = at(inputs, 0);
        const parts = members.map((_, index) => ops.linear(x, at(fixed(inputs), weights + index), at(fixed(inputs), biases + index)));
        updated.forEach((member, index) => {
          const update = ops.matmul(ops.matmul(x, ops.t(at(inputs, as + index))), ops.t(at(inputs, bs + index)));
          parts[member] = ops.add(at(parts, member), update, at(scalings, index));
        });
        return ops.cat(parts, 1);
      },
    };
  }),
  {
    name: 'rotate',
    shapes: [[[7, 3, 10]], [[5, 1, 64]], [[70, 9, 64]]],
    fused: (inputs) => {
      const { shape, dtype } = at(inputs, 0);
      return ops.rotate(at(inputs, 0), ...rotation(shape[0] ?? 0, shape[2] ?? 0, dtype));
    },
    plain: (inputs) => {
      const x = at(inputs, 0);
      const [cosines, sines] = rotation(x.shape[0] ?? 0, x.shape[2] ?? 0, x.dtype);
      const [first, second] = ops.chunk(x, 2, -1);
      if (!first || !second) throw new RangeError('expected two halves');
      return ops.add(ops.mul(x, cosines), ops.mul(ops.cat([ops.neg(second), first], -1), sines));
    },
  },
  { name: 'gatedActivation silu', shapes: gatedShapes, fused: (inputs) => ops.gatedActivation(at(inputs, 0), 'silu'), plain: (inputs) => gatedPlain(at(inputs, 0), ops.silu) },
  {
    name: 'gatedActivation gelu_tanh',
    shapes: gatedShapes,
    fused: (inputs) => ops.gatedActivation(at(inputs, 0), 'gelu_tanh'),
    plain: (inputs) => gatedPlain(at(inputs, 0), (gate) => ops.gelu(gate, 'tanh')),
  },
];

/** The result of a function and the gradients of its inputs, all in float64. */
function resultAndGradients(inputs: Tensor[], body: (inputs: Tensor[]) => Tensor): Tensor[] {
  for (const input of inputs) input.setRequiresGrad(true);
  const result = body(inputs);
  result.backward(upstream(result));
  return [result, ...inputs.map(({ grad }) => grad ?? tensor([0]))].map((each) => noGrad(() => ops.toDtype(each, 'float64')));
}

/** The same small exact numbers for every dtype, so that only the kernel's own rounding is seen. */
function upstream(result: Tensor): Tensor {
  return ops.toDtype(ops.reshape(ops.subScalar(ops.remainderScalar(arange(0, result.size), 9), 4), result.shape), result.dtype);
}

describe.each(kernels)('$name', ({ shapes, fused, plain }) => {
  it.each(tolerances)('equals the plain composition in %s, result and gradients', (dtype, tolerance) => {
    for (const shapeList of shapes) {
      scope(() => {
        const generator = new RandomGenerator(5);
        const inputs = shapeList.map((shape) => ops.toDtype(randn(shape, { generator }), dtype));
        const wide = inputs.map((each) => ops.toDtype(each, 'float64', undefined));
        const copies = wide.map((each) => ops.clone(each));
        const actual = resultAndGradients(inputs, fused);
        const expected = resultAndGradients(copies, plain);
        actual.forEach((each, index) => {
          const wanted = at(expected, index);
          expect(each.shape).toEqual(wanted.shape);
          const largest = ops.amax(ops.abs(wanted)).item();
          expect(ops.amax(ops.abs(ops.sub(each, wanted))).item()).toBeLessThanOrEqual(tolerance * largest);
        });
      });
    }
  });
});

describe('kernels of our own', () => {
  it('take views whose rows lie apart', () => {
    scope(() => {
      const wide = randn([6, 5, 32]);
      const view = ops.narrow(wide, 1, 1, 3);
      const [cosines, sines] = rotation(6, 32, 'float32');
      expect(ops.equal(ops.rotate(view, cosines, sines), ops.rotate(ops.contiguous(view), cosines, sines))).toBe(true);
      const flipped = ops.transpose(randn([32, 6]), 0, 1);
      expect(ops.equal(ops.fusedRmsNorm(flipped, randn([32]), 1e-6), ops.zerosLike(flipped))).toBe(false);
      expect(ops.equal(ops.gatedActivation(flipped, 'silu'), ops.gatedActivation(ops.contiguous(flipped), 'silu'))).toBe(true);
    });
  });

  it('turn back what they turned', () => {
    scope(() => {
      const x = randn([4, 2, 16], { dtype: 'float64' });
      const [cosines, sines] = rotation(4, 16, 'float64');
      const back = ops.rotate(ops.rotate(x, cosines, sines), cosines, ops.neg(sines));
      expect(ops.allclose(back, x, 0, 1e-12)).toBe(true);
    });
  });

  it('attend to packed rows as to single ones, bit for bit, through views, and the same from run to run', () => {
    scope(() => {
      const rows = [40, 200, 7];
      const [ends, dim, heads, keyValueHeads] = [endsOf(rows), 16, 4, 2];
      const joined = randn([247, (heads + 2 * keyValueHeads) * dim], { generator: new RandomGenerator(3) });
      const attend = (own: Tensor, boundaries: number[]) => {
        const input = ops.clone(own).setRequiresGrad(true);
        const [q, k, v] = ops.splitWithSizes(input, [heads * dim, keyValueHeads * dim, keyValueHeads * dim], 1).map((each) => ops.view(each, [own.shape[0] ?? 0, -1, dim])) as [Tensor, Tensor, Tensor];
        const result = ops.packedAttention(q, k, v, boundaries, 0.25, 60);
        ops.sumAll(ops.square(result)).backward();
        return { result: result.toArray(), gradient: input.grad?.toArray() };
      };
      const whole = attend(joined, ends);
      expect(attend(joined, ends)).toEqual(whole);
      const apart = rows.map((length, row) => attend(ops.narrow(joined, 0, ends[row] ?? 0, length), [0, length]));
      expect(apart.flatMap(({ result }) => result)).toEqual(whole.result);
      expect(apart.flatMap(({ gradient = [] }) => gradient)).toEqual(whole.gradient);
    });
  });

  it('take an empty batch', () => {
    scope(() => {
      expect(ops.fusedRmsNorm(randn([0, 8]), randn([8]), 1e-6).shape).toEqual([0, 8]);
      expect(ops.gatedActivation(randn([0, 8]), 'silu').shape).toEqual([0, 4]);
      expect(ops.rotate(randn([0, 2, 8]), randn([0, 8]), randn([0, 8])).shape).toEqual([0, 2, 8]);
    });
  });

  it.each([
    { name: 'a whole block', columns: 128, rows: 70, groups: 4, first: 0 },
    { name: 'the end of one, in tiles that are not full', columns: 37, rows: 5, groups: 3, first: 30 },
    { name: 'rows that fill tiles', columns: 20, rows: 64, groups: 1, first: 0 },
    { name: 'no columns', columns: 8, rows: 3, groups: 1, first: 8 },
  ])('round columns by GPTQ, one after another, to the bit: $name', ({ columns, rows, groups, first }) => {
    for (const dtype of ['float32', 'float64'] as const) {
      scope(() => {
        const generator = new RandomGenerator(columns);
        const [left, scales] = [randn([columns, rows], { generator, dtype }), ops.addScalar(ops.abs(randn([groups, rows], { generator, dtype })), 0.1)];
        const zeros = ops.round(ops.mulScalar(ops.abs(randn([groups, rows], { generator, dtype })), 4));
        // As the Cholesky decomposition leaves it: by columns, an upper triangle.
        const factor = ops.t(ops.contiguous(ops.t(ops.triu(ops.addScalar(randn([columns, columns], { generator, dtype }), 1.5)))));
        const groupOf = Array.from({ length: Math.min(9, columns - first) }, (_, at) => (first + at) % groups);
        const [errors, levels, wanted] = [full([columns, rows], 7, { dtype }), full([columns, rows], 99, { dtype: 'uint8' }), ops.clone(left)];
        const [wantedErrors, wantedLevels] = [ops.clone(errors), ops.clone(levels)];
        for (const [at, group] of groupOf.entries()) {
          const column = first + at;
          const [own, scale, zero] = [ops.select(wanted, 0, column), ops.select(scales, 0, group), ops.select(zeros, 0, group)];
          const level = ops.clamp(ops.add(ops.round(ops.div(own, scale)), zero), 0, 15);
          const error = ops.div(ops.sub(own, ops.mul(ops.sub(level, zero), scale)), ops.select(ops.select(factor, 0, column), 0, column));
          ops.copyInPlace(ops.select(wantedLevels, 0, column), level);
          ops.copyInPlace(ops.select(wantedErrors, 0, column), error);
          for (let later = column + 1; later < columns; later += 1) {
            const values = ops.select(wanted, 0, later);
            ops.copyInPlace(values, ops.sub(values, ops.mul(error, ops.select(ops.select(factor, 0, column), 0, later))));
          }
        }
        ops.gptqColumnsInPlace(left, errors, levels, factor, scales, zeros, groupOf, first, 15);
        expect(ops.equal(levels, wantedLevels)).toBe(true);
        expect(ops.equal(errors, wantedErrors)).toBe(true);
        expect(ops.equal(left, wanted)).toBe(true);
      });
    }
  });

  it('survive large numbers', () => {
    scope(() => {
      expect(ops.gatedActivation(tensor([-1e4, 1e4, 2, 2], { shape: [1, 4] }), 'silu').toArray()).toEqual([-0, 2e4]);
      expect(ops.gatedActivation(tensor([-1e4, 1e4, 2, 2], { shape: [1, 4] }), 'gelu_tanh').toArray()).toEqual([-0, 2e4]);
    });
  });

  it('refuse shapes that do not fit', () => {
    const before = liveTensors();
    scope(() => {
      expect(() => ops.fusedRmsNorm(randn([2, 4]), randn([5]), 1e-6)).toThrow(/tunesmith::rms_norm: size mismatch.*\n {2}input: float32 \[2, 4\]\n {2}weight: float32 \[5\]/);
      expect(() => ops.fusedRmsNorm(randn([2, 4]), randn([4], { dtype: 'float64' }), 1e-6)).toThrow(expect.objectContaining({ code: 'dtype-mismatch' }));
      expect(() => ops.rotate(randn([2, 1, 4]), randn([3, 4]), randn([3, 4]))).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
      expect(() => ops.rotate(randn([2, 1, 3]), randn([2, 3]), randn([2, 3]))).toThrow(/even head dimension/);
      expect(() => ops.packedAttention(randn([3, 3, 4]), randn([3, 2, 4]), randn([3, 2, 4]), [0, 3], 1)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
      expect(() => ops.packedAttention(randn([3, 2, 4]), randn([3, 2, 4]), randn([3, 2, 4]), [0, 2], 1)).toThrow(/boundaries: size mismatch/);
      expect(() => ops.packedAttention(randn([3, 2, 4]), randn([3, 2, 4]), randn([3, 2, 4]), [0, 3], 1, 0)).toThrow(/window: expected a positive number/);
      expect(() => ops.gatedActivation(randn([2, 3]), 'silu')).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
      const columns = (of: Tensor, scales: Tensor, groups: number[]) => ops.gptqColumnsInPlace(of, randn([4, 3]), full([4, 3], 0, { dtype: 'uint8' }), randn([4, 4]), scales, ops.zerosLike(scales), groups, 0, 15);
      expect(() => columns(randn([4, 2]), randn([1, 2]), [0])).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
      expect(() => columns(randn([4, 3], { dtype: 'bfloat16' }), randn([1, 3]), [0])).toThrow(expect.objectContaining({ code: 'dtype-mismatch' }));
      expect(() => columns(randn([4, 3]), randn([1, 3]), [0, 0, 0, 0, 0])).toThrow(/groups: size mismatch/);
      expect(() => columns(randn([4, 3]), randn([1, 3]), [0, 1])).toThrow(/groups: expected numbers below 1, got 1/);
      expect(() => ops.gatedActivation(randn([2, 4]), 'relu')).toThrow(/expected 'silu' or 'gelu_tanh', got 'relu'/);
    });
    expect(liveTensors()).toBe(before);
  });
});
