import { arange, liveTensors, noGrad, ops, RandomGenerator, randn, scope, tensor, type DType, type Tensor } from './index.js';

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

const at = (tensors: readonly Tensor[], index: number): Tensor => {
  const found = tensors[index];
  if (!found) throw new RangeError(`no tensor ${index}`);
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

const rmsShapes = [
  [[3, 7, 40], [40]],
  [[5, 3], [3]],
  [[300, 64], [64]],
];
const gatedShapes = [[[9, 2 * 37]], [[2, 3, 2 * 64]], [[300, 2]]];
const kernels: Kernel[] = [
  ...[0, 1].map((offset) => ({
    name: `fusedRmsNorm with offset ${offset}`,
    shapes: rmsShapes,
    fused: (inputs: Tensor[]) => ops.fusedRmsNorm(at(inputs, 0), at(inputs, 1), 1e-5, offset),
    plain: (inputs: Tensor[]) => {
      const [x, w] = [at(inputs, 0), at(inputs, 1)];
      return ops.mul(ops.mul(x, ops.rsqrt(ops.addScalar(ops.mean(ops.square(x), -1, true), 1e-5))), ops.addScalar(w, offset));
    },
  })),
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
  return [result, ...inputs.map(({ grad }) => grad ?? tensor([NaN]))].map((each) => noGrad(() => ops.toDtype(each, 'float64')));
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

  it('take an empty batch', () => {
    scope(() => {
      expect(ops.fusedRmsNorm(randn([0, 8]), randn([8]), 1e-6).shape).toEqual([0, 8]);
      expect(ops.gatedActivation(randn([0, 8]), 'silu').shape).toEqual([0, 4]);
      expect(ops.rotate(randn([0, 2, 8]), randn([0, 8]), randn([0, 8])).shape).toEqual([0, 2, 8]);
    });
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
      expect(() => ops.gatedActivation(randn([2, 3]), 'silu')).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
      expect(() => ops.gatedActivation(randn([2, 4]), 'relu')).toThrow(/expected 'silu' or 'gelu_tanh', got 'relu'/);
    });
    expect(liveTensors()).toBe(before);
  });
});
