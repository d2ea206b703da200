import { randn, RandomGenerator, scope, setThreads } from '@tunesmith/tensor';
import { LayerNorm } from './layer-norm.js';

beforeAll(() => setThreads(1));

test.each([true, false])('is (x - mean) / sqrt(variance + epsilon) · weight + bias; with a bias: %p', (withBias) => {
  scope(() => {
    const generator = new RandomGenerator(1);
    const [input, weight, bias] = [randn([4, 7], { generator }), randn([7], { generator }), withBias ? randn([7], { generator }) : null];
    const norm = new LayerNorm('ln', weight, bias, { epsilon: 0.3 });
    const actual = norm.forward(input).toArray();
    const [x, w, b] = [input.toArray(), weight.toArray(), bias?.toArray()];
    actual.forEach((value, index) => {
      const row = x.slice(Math.floor(index / 7) * 7, Math.floor(index / 7) * 7 + 7);
      const mean = row.reduce((sum, number) => sum + number, 0) / 7;
      const variance = row.reduce((sum, number) => sum + (number - mean) ** 2, 0) / 7;
      expect(value).toBeCloseTo((((x[index] ?? NaN) - mean) / Math.sqrt(variance + 0.3)) * (w[index % 7] ?? NaN) + (b?.[index % 7] ?? 0), 5);
    });
    expect([...norm.parameters().keys()]).toEqual(withBias ? ['ln.weight', 'ln.bias'] : ['ln.weight']);
  });
});
