import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { full, noGrad, ones, ops, scope, tensor, TensorError, zeros } from './index.js';

function failure(body: () => unknown): TensorError {
  try {
    body();
  } catch (error) {
    if (error instanceof TensorError) return error;
    throw error;
  }
  throw new Error('expected a TensorError');
}

describe('ops', () => {
  it('is what the generator writes now', () => {
    const generator = fileURLToPath(new URL('../../../tools/generators/tensor-ops.mjs', import.meta.url));
    expect(execFileSync(process.execPath, [generator, '--check'], { encoding: 'utf8' }).trim()).toBe('ops.generated.ts is fresh');
  });

  it('passes every kind of argument by the schema', () => {
    scope(() => {
      const rows = tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3] });
      expect(ops.sum(rows, 1).toArray()).toEqual([6, 15]); // int[1] from a number
      expect(ops.sum(rows, [0, 1], true).shape).toEqual([1, 1]);
      expect(ops.sum(rows, null, undefined, 'float64').dtype).toBe('float64'); // a null list, a default in the middle, a dtype
      expect(ops.addScalar(rows, 1, 2).toArray()[0]).toBe(3); // Scalars
      expect(ops.mulScalar(tensor([1, 2], { dtype: 'int64' }), 3).dtype).toBe('int64'); // an integer stays one
      expect(ops.mulScalar(tensor([1, 2], { dtype: 'int64' }), 1.5).dtype).toBe('float32');
      expect(ops.fullLike(rows, true, 'bool').toArray()).toEqual([1, 1, 1, 1, 1, 1]);
      expect(ops.clamp(rows, null, 4).toArray()).toEqual([1, 2, 3, 4, 4, 4]); // an optional Scalar
      expect(ops.gelu(rows, 'tanh').shape).toEqual([2, 3]); // a string
      expect(ops.index(rows, [null, tensor([2, 0], { dtype: 'int64' })]).toArray()).toEqual([3, 1, 6, 4]); // optional tensors in a list
      expect(ops.cat([rows, rows], 1).shape).toEqual([2, 6]); // a list of tensors
      expect(ops.linear(rows, ones([1, 3]), null).toArray()).toEqual([6, 15]); // an optional tensor
      expect(ops.einsum('ij->ji', [rows]).shape).toEqual([3, 2]);
      expect(ops.equal(rows, rows)).toBe(true); // a plain result
      expect(ops.splitWithSizes(rows, [1, 2], 1).map(({ shape }) => shape)).toEqual([
        [2, 1],
        [2, 2],
      ]);
      expect(ops.slice(rows, 1, -2).toArray()).toEqual([2, 3, 5, 6]);
    });
  });

  it('changes in place and returns the same Tensor', () => {
    scope(() => {
      const made = zeros([2]);
      expect(ops.addScalarInPlace(made, 2)).toBe(made);
      ops.foreachMulScalarInPlace([made], 3);
      expect(made.toArray()).toEqual([6, 6]);
    });
  });

  it('makes an AdamW step over lists', () => {
    scope(() => {
      const parameters = [full([2], 1), full([3], 2)];
      const like = () => parameters.map((each) => ops.zerosLike(each));
      const gradients = parameters.map((each) => ops.onesLike(each));
      noGrad(() => ops.fusedAdamwInPlace(parameters, gradients, like(), like(), [], [full([], 1), full([], 1)], 0.1, 0.9, 0.999, 0, 1e-8, false, false));
      expect(parameters[0]?.toArray()[0]).toBeCloseTo(0.9, 5);
      expect(parameters[1]?.toArray()[2]).toBeCloseTo(1.9, 5);
    });
  });

  it('tells the operator, the shapes and what to try', () => {
    scope(() => {
      const error = failure(() => ops.mm(ones([2, 3]), ones([2, 3], { dtype: 'float64' })));
      expect(error.message).toBe(
        'aten::mm: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)\n  self: float32 [2, 3]\n  mat2: float64 [2, 3]\n' +
          'Try: compare the shapes above with what the operator expects; reshape, transpose or unsqueeze to align them.',
      );
      expect(error.code).toBe('shape-mismatch');
      expect(error.facts).toMatchObject({
        operator: 'aten::mm',
        tensors: [
          { argument: 'self', dtype: 'float32', shape: '[2, 3]', device: 'cpu' },
          { argument: 'mat2', dtype: 'float64', shape: '[2, 3]', device: 'cpu' },
        ],
      });
      expect(error.stack).toContain('ops.spec');
      expect(error.stack).not.toMatch(/frame #|\.cpp:/);
    });
  });

  it.each<[string, string, () => unknown]>([
    ['different shapes', 'shape-mismatch', () => ops.add(ones([2]), ones([3]))],
    ['a view that cannot be', 'shape-mismatch', () => ops.view(ones([4]), [3])],
    ['different dtypes', 'dtype-mismatch', () => ops.mm(ones([2, 2]), ones([2, 2], { dtype: 'float64' }))],
    ['a dtype that an operator does not take', 'dtype-mismatch', () => ops.exp(ops.bitwiseNot(ones([1])))],
    ['an index beyond the end', 'index-out-of-range', () => ops.embedding(ones([3, 2]), tensor([3], { dtype: 'int64' }))],
    ['a dimension that is not there', 'index-out-of-range', () => ops.sum(ones([2]), 5)],
  ])('names the mistake: %s', (_, code, body) => {
    expect(scope(() => failure(body)).code).toBe(code);
  });

  // Mistakes that the compiler would catch, made by plain JavaScript.
  const loose: Record<string, (...values: unknown[]) => unknown> = Object.fromEntries(Object.entries(ops).map(([name, operator]) => [name, (...values) => Reflect.apply(operator, null, values)]));
  const call = (name: string, ...values: unknown[]) => failure(() => loose[name]?.(...values));

  it('names the argument that has a wrong type, whatever comes', () => {
    scope(() => {
      const made = ones([2]);
      for (const wrong of [undefined, null, 1, 'text', {}, [], Symbol('x'), () => 1, new Uint8Array(2), { handle: 1 }]) {
        const error = call('add', made, wrong);
        expect(['tensor-expected', 'argument-missing']).toContain(error.code);
        expect(error.facts).toMatchObject({ operator: 'aten::add.Tensor', argument: 'other', tensors: [{ argument: 'self', shape: '[2]' }] });
      }
      expect(call('softmax', made, '0').message).toMatch(/^aten::softmax\.int: argument 'dim': expected an integer, got the string '0'/);
      expect(call('softmax', made, 0.5).message).toMatch(/expected an integer of at most 2\^53 - 1, got the number 0.5/);
      expect(call('softmax', made, 0, 'float31').code).toBe('dtype-unknown');
      expect(call('sum', made, 0, 1).message).toMatch(/argument 'keepdim': expected true or false, got the number 1/);
      expect(call('sum', made, 'x').message).toMatch(/argument 'dim'/);
      expect(call('reshape', made, [2, 'x']).message).toMatch(/argument 'shape': expected an integer, got the string 'x'/);
      expect(call('addScalar', made, null).message).toMatch(/argument 'other': expected number, got null|expected Scalar/);
      expect(call('gelu', made, 1).message).toMatch(/argument 'approximate': expected a string/);
      expect(call('toDevice', made, 'gpu', 'float32').code).toBe('device-unknown');
      expect(call('cat', [made, 1]).code).toBe('tensor-expected');
      expect(call('bernoulli', made, {}).message).toMatch(/expected a Generator/);
    });
  });

  it('lets an error of a hostile argument through', () => {
    const mine = new Error('mine');
    const trap = Object.defineProperty([1], 0, {
      get() {
        throw mine;
      },
    });
    using made = ones([1]);
    expect(() => loose['reshape']?.(made, trap)).toThrow(mine);
  });
});
