import { noGrad, ops, RandomGenerator, randn, scope, tensor, zeros, type Tensor } from './index.js';

// On some processors these are libtorch's own products, on others native/src/kernels/narrow_products.cc: what they must be is the same.
describe.each([['bfloat16', 8e-3], ['float16', 1e-3]] as const)('products in %s', (dtype, tolerance) => {
  function drawn(shape: readonly number[], generator: RandomGenerator): [Tensor, Tensor] {
    const numbers = ops.toDtype(randn(shape, { generator }), dtype);
    return [numbers, ops.toDtype(numbers, 'float64')];
  }

  function furthest(actual: Tensor, expected: Tensor): number {
    expect(actual.dtype).toBe(dtype);
    return ops.amax(ops.abs(ops.sub(ops.toDtype(actual, 'float64'), expected))).item() / ops.amax(ops.abs(expected)).item();
  }

  test.each([[1, 3, 1], [5, 7, 9], [17, 64, 33], [1030, 40, 20], [12, 2100, 1030], [1100, 2050, 1025]])('[%i, %i] x [%i columns] equals float64', (rows, inner, columns) => {
    scope(() => noGrad(() => {
      const generator = new RandomGenerator(rows + columns);
      const [[left, wideLeft], [right, wideRight], [added, wideAdded]] = [drawn([rows, inner], generator), drawn([columns, inner], generator), drawn([columns], generator)];
      const product = ops.mm(wideLeft, ops.t(wideRight));
      expect(furthest(ops.mm(left, ops.t(right)), product)).toBeLessThan(tolerance);
      expect(furthest(ops.linear(left, right, added), ops.add(product, wideAdded))).toBeLessThan(tolerance);
      const scaled = ops.add(ops.mulScalar(product, 0.5), ops.mulScalar(wideAdded, -2));
      expect(furthest(ops.addmm(added, left, ops.t(right), -2, 0.5), scaled)).toBeLessThan(tolerance);
    }));
  });

  test('gradients are those of the same numbers in float64', () => {
    scope(() => {
      const generator = new RandomGenerator(7);
      const [[input, wideInput], [weight, wideWeight]] = [drawn([70, 48], generator), drawn([90, 48], generator)];
      const gradients = [[input, weight], [wideInput, wideWeight]].map(([left, right]) => {
        for (const each of [left!, right!]) each.setRequiresGrad(true);
        ops.sum(ops.linear(left!, right!), null).backward();
        return [left!.grad!, right!.grad!];
      });
      for (const [i, found] of gradients[0]!.entries()) expect(furthest(found, gradients[1]![i]!)).toBeLessThan(tolerance);
    });
  });

  test('a factor of zero drops what was there, NaN too; nothing times nothing is nothing', () => {
    scope(() => noGrad(() => {
      const left = ops.toDtype(tensor([1, 2], { shape: [1, 2] }), dtype);
      const spoilt = ops.toDtype(tensor([NaN], { shape: [1, 1] }), dtype);
      expect(ops.addmm(spoilt, left, ops.t(left), 0, 1).item()).toBe(5);
      expect(ops.mm(zeros([0, 2], { dtype }), ops.t(left)).shape).toEqual([0, 1]);
      expect(ops.mm(zeros([3, 0], { dtype }), zeros([0, 1], { dtype })).toArray()).toEqual([0, 0, 0]);
    }));
  });

  test('shapes that do not fit are refused with both', () => {
    scope(() => expect(() => ops.mm(zeros([2, 3], { dtype }), zeros([2, 3], { dtype }))).toThrow(/\[2, 3\]/));
  });
});
