import { ops, RandomGenerator, randn, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { hessian, inverseFactor } from './inverse-factor.js';

/** Columns that go together. */
function draw(tokens: number, columns: number): Tensor {
  const generator = new RandomGenerator(7);
  return ops.matmul(randn([tokens, columns], { generator }), ops.mulScalar(randn([columns, columns], { generator }), 0.2));
}

const wide = (of: Tensor) => ops.toDtype(of, 'float64');
const identity = (size: number) => ops.diag(ops.onesLike(randn([size], { dtype: 'float64' })));
const largest = (of: Tensor) => ops.amax(ops.abs(of)).item();

test.each([5, 512, 1100])('the Hessian of %s columns is 2 / tokens XᵀX, the same on both sides of its diagonal', (columns) => {
  scope(() => {
    const input = draw(1500, columns);
    const found = hessian(input, 'w');
    const wanted = ops.mulScalar(ops.matmul(ops.t(wide(input)), wide(input)), 2 / 1500);
    expect(largest(ops.sub(wide(found), wanted))).toBeLessThan(3e-6 * largest(wanted));
    expect(ops.equal(found, ops.contiguous(ops.t(found)))).toBe(true);
  });
});

test.each([true, false])('the factor is upper, and its square the inverse of the damped Hessian in the order of work (by activation: %s)', (byActivation) => {
  scope(() => {
    const moments = wide(hessian(draw(400, 70), 'w'));
    const { order, factor } = inverseFactor(moments, { damping: 0.05, byActivation, path: 'w' });
    const places = tensor(order, { dtype: 'int64' });
    const damped = ops.add(moments, ops.mulScalar(identity(70), 0.05 * ops.meanAll(ops.diagonal(moments)).item()));
    const sorted = ops.indexSelect(ops.indexSelect(damped, 0, places), 1, places);
    expect(ops.equal(factor, ops.triu(factor))).toBe(true);
    expect(largest(ops.sub(ops.matmul(ops.matmul(ops.t(factor), factor), sorted), identity(70)))).toBeLessThan(1e-10);
    const diagonal = ops.diagonal(sorted).toArray();
    expect(byActivation ? diagonal.toSorted((a, b) => b - a) : order).toEqual(byActivation ? diagonal : Int32Array.from({ length: 70 }, (_, column) => column));
  });
});

test('where damping does not do, ten times as much is added, and what has no inverse even then is told', () => {
  scope(() => {
    // One direction is negative, as rounding may leave it.
    const indefinite = (by: number) => ops.sub(identity(4), ops.mulScalar(ops.onesLike(identity(4)), (1 + by) / 4));
    const { factor } = inverseFactor(indefinite(0.3), { damping: 0.1, byActivation: false, path: 'w' });
    const mean = ops.meanAll(ops.diagonal(indefinite(0.3))).item();
    expect(largest(ops.sub(ops.matmul(ops.matmul(ops.t(factor), factor), ops.add(indefinite(0.3), ops.mulScalar(identity(4), mean))), identity(4)))).toBeLessThan(1e-10);
    expect(() => inverseFactor(ops.neg(identity(4)), { damping: 0.1, byActivation: false, path: 'layer.w' })).toThrow(expect.objectContaining({ code: 'hessian-not-invertible', message: expect.stringContaining('layer.w') }));
  });
});
