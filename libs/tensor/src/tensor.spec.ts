import fc from 'fast-check';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arange, empty, fromBytes, full, manualSeed, noGrad, ops, RandomGenerator, randint, randn, randperm, scope, tensor, Tensor, TensorError, zeros, type DType } from './index.js';

function failure(body: () => unknown): TensorError {
  try {
    body();
  } catch (error) {
    if (error instanceof TensorError) return error;
    throw error;
  }
  throw new Error('expected a TensorError');
}

describe('Tensor', () => {
  it('tells shape, dtype, device and size', () => {
    using made = zeros([2, 3], { dtype: 'int32' });
    expect([made.shape, made.dtype, made.device, made.size, made.byteLength, made.requiresGrad]).toEqual([[2, 3], 'int32', 'cpu', 6, 24, false]);
    expect(String(made)).toBe('Tensor(int32 [2, 3])');
    using single = full([], 4);
    expect([single.shape, single.size, single.item()]).toEqual([[], 1, 4]);
  });

  it.each<[DType, number[]]>([
    ['float64', [0.1, -1e300, Infinity]],
    ['float32', [0.5, -3, Infinity]],
    ['float16', [0.5, -3, 65504]],
    ['bfloat16', [0.5, -3, 256]],
    ['int64', [0, -(2 ** 40), Number.MAX_SAFE_INTEGER]],
    ['int32', [0, -(2 ** 31), 2 ** 31 - 1]],
    ['int16', [0, -(2 ** 15), 2 ** 15 - 1]],
    ['int8', [0, -128, 127]],
    ['uint8', [0, 1, 255]],
    ['bool', [0, 1, 1]],
  ])('keeps numbers of %s, also through bytes', (dtype, numbers) => {
    scope(() => {
      const made = tensor(numbers, { dtype });
      expect(made.dtype).toBe(dtype);
      expect(made.toArray()).toEqual(numbers);
      expect(fromBytes(made.toBytes(), { shape: [3], dtype }).toArray()).toEqual(numbers);
    });
  });

  it('rounds to bfloat16 as the format says: the upper half of a float32, to nearest even', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 20 }), (numbers) =>
        scope(() => {
          const bits = new Uint32Array(Float32Array.from(numbers).buffer);
          const expected = Array.from(bits, (word) => ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff);
          expect([...new Uint16Array(tensor(numbers, { dtype: 'bfloat16' }).toBytes().buffer)]).toEqual(expected);
        }),
      ),
    );
  });

  it('takes the dtype of a typed array', () => {
    scope(() => {
      expect(tensor(BigInt64Array.of(1n, 2n)).dtype).toBe('int64');
      expect(tensor(Uint8Array.of(1, 2), { shape: [2, 1] }).shape).toEqual([2, 1]);
      expect(tensor(Int32Array.of(7), { dtype: 'bfloat16' }).toArray()).toEqual([7]);
    });
  });

  it('refuses numbers and bytes that do not fit, before anything is allocated', () => {
    expect(failure(() => tensor([1.5], { dtype: 'int32' })).message).toMatch(/expected integers from -2147483648 to 2147483647 for int32, got 1.5/);
    expect(failure(() => tensor([2], { dtype: 'bool' })).code).toBe('argument-type');
    expect(failure(() => tensor([1, 2, 3], { shape: [2] })).code).toBe('byte-length');
    expect(failure(() => fromBytes(new Uint8Array(8), { shape: [2 ** 50, 2 ** 50], dtype: 'float32' })).message).toMatch(/too large/);
    expect(failure(() => fromBytes(new Uint8Array(8), { shape: [-1], dtype: 'float32' })).message).toMatch(/must not be negative, got -1/);
    expect(failure(() => fromBytes(new Uint8Array(8), { shape: [2 ** 40], dtype: 'float32' })).code).toBe('byte-length');
    expect(failure(() => empty([2 ** 45])).code).toBe('out-of-memory');
  });

  it('writes into place', () => {
    scope(() => {
      const made = zeros([2]);
      made.writeBytes(Float32Array.of(3, 4));
      expect(made.toArray()).toEqual([3, 4]);
      expect(failure(() => made.writeBytes(Float32Array.of(3))).code).toBe('byte-length');
      expect(failure(() => ops.t(zeros([2, 3])).writeBytes(new Float32Array(6))).message).toMatch(/contiguous/);
    });
  });

  it('reads its elements from a file, and tells whether they are finite', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tensor-'));
    try {
      scope(() => {
        for (const dtype of ['float64', 'float32', 'float16', 'bfloat16', 'int64'] as const) {
          const path = join(folder, dtype);
          const numbers = ops.toDtype(ops.subScalar(arange(0, 700_000, { dtype: 'float64' }), 350_000), dtype === 'int64' ? dtype : 'float32');
          const source = ops.toDtype(dtype === 'float16' ? ops.mulScalar(numbers, 0.1) : numbers, dtype);
          writeFileSync(path, Buffer.concat([Buffer.from('skip'), source.toBytes()]));
          const file = openSync(path, 'r');
          const target = zeros([700_000], { dtype });
          expect(target.readFile(file, 4)).toBe(true);
          expect(ops.equal(target, source)).toBe(true);
          expect(failure(() => target.readFile(file, 5)).code).toBe('file-truncated');
          closeSync(file);
          expect(failure(() => target.readFile(file, 4)).code).toBe('file-unreadable');
          if (dtype === 'int64') continue;
          for (const broken of [NaN, Infinity, -Infinity]) {
            ops.fillInPlace(ops.narrow(source, 0, 699_999, 1), broken);
            writeFileSync(path, source.toBytes());
            const damaged = openSync(path, 'r');
            expect(target.readFile(damaged, 0)).toBe(false);
            closeSync(damaged);
          }
        }
        expect(failure(() => ops.t(zeros([2, 3])).readFile(0, 0)).message).toMatch(/contiguous/);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gives gradients through the door', () => {
    scope(() => {
      const weight = tensor([1, 2, 3, 4], { shape: [2, 2], requiresGrad: true });
      const loss = ops.sumAll(ops.mul(ops.matmul(weight, weight), tensor([1, 0, 0, 1], { shape: [2, 2] })));
      loss.backward(); // the trace of W² has the gradient 2 W^T
      expect(weight.grad?.toArray()).toEqual([2, 6, 4, 8]);
      weight.zeroGrad();
      expect(weight.grad).toBeNull();
      weight.grad = full([2, 2], 7);
      expect(weight.grad?.toArray()).toEqual([7, 7, 7, 7]);
      expect(failure(() => (weight.grad = zeros([3]))).code).toBe('shape-mismatch');
      expect(noGrad(() => ops.mulScalar(weight, 2)).requiresGrad).toBe(false);
      expect(ops.mulScalar(weight, 2).requiresGrad).toBe(true);
      expect(weight.detach().requiresGrad).toBe(false);
    });
  });

  it('says why there is no gradient', () => {
    scope(() => {
      const leaf = tensor([1, 2], { requiresGrad: true });
      expect(failure(() => zeros([]).backward()).code).toBe('no-gradient');
      expect(failure(() => ops.mulScalar(leaf, 2).backward()).code).toBe('gradient-needed');
      expect(failure(() => ops.addScalarInPlace(leaf, 1)).code).toBe('in-place-on-leaf');
      const loss = ops.sumAll(ops.mul(leaf, leaf));
      loss.backward();
      expect(failure(() => loss.backward()).code).toBe('graph-freed');
      const saved = ops.exp(leaf);
      const total = ops.sumAll(saved);
      ops.addScalarInPlace(saved, 1);
      expect(failure(() => total.backward()).code).toBe('in-place-on-saved');
      expect(failure(() => tensor([1, 2], { dtype: 'int64', requiresGrad: true })).message).toMatch(/floating point/i);
    });
  });

  it('fails by name after dispose, and dispose may be called twice', () => {
    const made = zeros([2]);
    expect(made.shape).toEqual([2]);
    made.dispose();
    made.dispose();
    expect(made.isDisposed).toBe(true);
    expect(String(made)).toBe('Tensor(disposed)');
    for (const use of [() => made.shape, () => made.dtype, () => made.device, () => made.toArray(), () => made.item(), () => made.grad, () => made.backward(), () => ops.exp(made)]) {
      expect(failure(use).code).toBe('tensor-disposed');
    }
  });

  it('draws the same numbers from the same seed, and no others', () => {
    scope(() => {
      const draw = (seed: number) => randn([5], { generator: new RandomGenerator(seed) }).toArray();
      expect(draw(1)).toEqual(draw(1));
      expect(draw(1)).not.toEqual(draw(2));
      manualSeed(3);
      const first = randint(0, 100, [5]).toArray();
      draw(9); // a generator of its own does not move the default stream
      const second = randint(0, 100, [5]).toArray();
      manualSeed(3);
      expect([randint(0, 100, [5]).toArray(), randint(0, 100, [5]).toArray()]).toEqual([first, second]);
      expect(randperm(6, { generator: new RandomGenerator(4) }).toArray().sort()).toEqual([0, 1, 2, 3, 4, 5]);
      expect(ops.bernoulliLike(zeros([4]), 1, new RandomGenerator(1)).toArray()).toEqual([1, 1, 1, 1]);
    });
  });

  it('is what every operator gives back', () => {
    using made = ops.exp(zeros([1]));
    expect(made).toBeInstanceOf(Tensor);
  });
});
