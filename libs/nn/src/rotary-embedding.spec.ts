import { ops, randn, RandomGenerator, scope, setThreads, tensor } from '@tunesmith/tensor';
import { rotate, RotaryEmbedding } from './rotary-embedding.js';
import { rotarySpeeds } from './rotary-settings.js';

beforeAll(() => setThreads(1));

const rotary = new RotaryEmbedding({ theta: 100, scaling: null }, 6);

test('turns element i with element i + headDim / 2 by position times speed', () => {
  scope(() => {
    const input = randn([3, 2, 6], { generator: new RandomGenerator(1) });
    const positions = [0, 1, 1000];
    const actual = rotate(input, rotary.rotation(tensor(positions, { dtype: 'int64' }), [0, 3])).toArray();
    const flat = input.toArray();
    actual.forEach((number, index) => {
      const place = index % 6;
      const angle = (positions[Math.floor(index / 12)] ?? NaN) * 100 ** ((-2 * (place % 3)) / 6);
      const partner = place < 3 ? -(flat[index + 3] ?? NaN) : (flat[index - 3] ?? NaN);
      expect(number).toBeCloseTo((flat[index] ?? NaN) * Math.cos(angle) + partner * Math.sin(angle), 5);
    });
  });
});

test('the product of two turned heads depends on their distance alone', () => {
  scope(() => {
    const [query, key] = [randn([1, 1, 6], { generator: new RandomGenerator(1) }), randn([1, 1, 6], { generator: new RandomGenerator(2) })];
    const product = (left: number, right: number) => {
      const turned = [query, key].map((head, index) => rotate(head, rotary.rotation(tensor([index === 0 ? left : right], { dtype: 'int64' }), [0, 1])));
      return ops.sumAll(ops.mul(turned[0] ?? query, turned[1] ?? key)).item();
    };
    expect(product(7, 3)).toBeCloseTo(product(104, 100), 4);
  });
});

test('its gradient is the turn backwards, also through a strided input', () => {
  scope(() => {
    const wide = randn([4, 2, 9], { generator: new RandomGenerator(3), requiresGrad: true });
    const input = ops.narrow(wide, 2, 1, 6);
    const rotation = rotary.rotation(tensor([0, 1, 2, 3], { dtype: 'int64' }), [0, 4]);
    const weights = randn([4, 2, 6], { generator: new RandomGenerator(4) });
    ops.sumAll(ops.mul(rotate(input, rotation), weights)).backward();
    const backwards = rotate(weights, { ...rotation, sines: ops.neg(rotation.sines) });
    const gradient = ops.narrow(wide.grad ?? wide, 2, 1, 6);
    expect(ops.amax(ops.abs(ops.sub(gradient, backwards))).item()).toBeLessThan(1e-6);
    expect(ops.amax(ops.abs(ops.narrow(wide.grad ?? wide, 2, 0, 1))).item()).toBe(0);
  });
});

test('dynamic speeds are those of the length that each row has reached', () => {
  scope(() => {
    const settings = { theta: 100, scaling: { kind: 'dynamic', factor: 2, originalContext: 4 } } as const;
    // A short row, a long one, and one of which a cache holds the first seven tokens.
    const { cosines } = new RotaryEmbedding(settings, 6).rotation(tensor([0, 1, 0, 1, 2, 3, 4, 5, 7], { dtype: 'int64' }), [0, 2, 8, 9]);
    const flat = cosines.toArray();
    const expected = (position: number, length: number) => [...rotarySpeeds(settings, 6, length).speeds].map((speed) => expect.closeTo(Math.cos(position * speed), 6));
    const at = (token: number) => flat.slice(token * 6, token * 6 + 3);
    expect(at(1)).toEqual(expected(1, 4));
    expect(at(7)).toEqual(expected(5, 6));
    expect(at(8)).toEqual(expected(7, 8));
    expect(at(7)).not.toEqual(expected(5, 4));
  });
});

test('a rotation of fewer numbers than a head has turns the first of them and leaves the rest', () => {
  scope(() => {
    const input = randn([3, 2, 10], { generator: new RandomGenerator(5) });
    const rotation = rotary.rotation(tensor([0, 4, 9], { dtype: 'int64' }), [0, 3]);
    const turned = rotate(input, rotation);
    expect(ops.narrow(turned, 2, 0, 6).toArray()).toEqual(rotate(ops.narrow(input, 2, 0, 6), rotation).toArray());
    expect(ops.narrow(turned, 2, 6, 4).toArray()).toEqual(ops.narrow(input, 2, 6, 4).toArray());
  });
});

test('longrope takes the long divisors of rows beyond the trained context, each row its own', () => {
  scope(() => {
    const settings = { theta: 100, scaling: { kind: 'longrope', shortDivisors: [1, 2, 3], longDivisors: [2, 4, 8], originalContext: 4, attentionFactor: 1.5 } } as const;
    const { cosines } = new RotaryEmbedding(settings, 6).rotation(tensor([0, 1, 2, 3, 0, 1, 2, 3, 4], { dtype: 'int64' }), [0, 4, 9]);
    const flat = cosines.toArray();
    const expected = (position: number, divisors: readonly number[]) => divisors.map((divisor, pair) => expect.closeTo(1.5 * Math.cos((position * 100 ** (-pair / 3)) / divisor), 5));
    const at = (token: number) => flat.slice(token * 6, token * 6 + 3);
    expect(at(3)).toEqual(expected(3, [1, 2, 3]));
    expect(at(7)).toEqual(expected(3, [2, 4, 8]));
    expect(at(8)).toEqual(expected(4, [2, 4, 8]));
  });
});
