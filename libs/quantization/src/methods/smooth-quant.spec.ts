import { ops, RandomGenerator, randn, scope, tensor } from '@tunesmith/tensor';
import type { IntegerGrid } from './integer-grid.js';
import type { LayerVector, LayerWork, MethodSettings } from './rounding-method.js';
import { smoothQuant } from './smooth-quant.js';

const grid: IntegerGrid = { bits: 8, symmetric: true, groupSize: null, leastZero: 0, scaleDtype: 'float32' };
const settings: MethodSettings = { damping: 0.01, actOrder: 'none', alpha: 0.5 };
const width = 16;
const input = Float32Array.from({ length: 4 * width }, (_, at) => Math.cos(at * 3.7) * (at % width === 3 ? 50 : 1) * (at % width === 9 ? 0 : 1));

function layer(norm: Omit<LayerVector, 'values'>, values: Float32Array): LayerWork {
  const generator = new RandomGenerator(2);
  const linears = ['attn_q', 'attn_k'].map((role) => ({ path: role, role, weight: randn([8, width], { generator }), grid }));
  return { linears, vectors: [{ ...norm, values }], compute: (visit) => linears.forEach((linear) => expect(visit(linear, tensor(input, { shape: [4, width] }))).toBe(linear.weight)) };
}

test.each([0, 1] as const)('divides what a norm with the offset %p makes by max|X|^alpha / max|W|^(1 − alpha), and multiplies the weights by it', (offset) => {
  scope(() => {
    const values = Float32Array.from({ length: width }, (_, column) => 0.5 + column / 10);
    const work = layer({ name: 'norm', role: 'attn_norm.weight', dtype: 'float32', offset }, values);
    const { matrices, changed } = smoothQuant.roundLayer(work, settings);
    for (let column = 0; column < width; column += 1) {
      const ofInputs = Math.max(...[0, 1, 2, 3].map((token) => Math.abs(input[token * width + column]!)));
      const ofWeights = Math.max(...work.linears.map(({ weight }) => ops.amax(ops.abs(ops.select(weight, 1, column))).item()));
      const scale = ofInputs === 0 ? 1 : ofInputs ** 0.5 / ofWeights ** 0.5;
      expect((changed!.get('norm')![column]! + offset) * scale).toBeCloseTo(values[column]! + offset, 4);
      for (const { path, weight } of work.linears) {
        const { levels, scales } = matrices.get(path)!;
        for (let row = 0; row < 8; row += 1) {
          const decoded = (levels[row * width + column]! - 128) * scales[row]!;
          expect(Math.abs(decoded - ops.select(ops.select(weight, 0, row), 0, column).item() * scale)).toBeLessThan(0.51 * scales[row]!);
        }
      }
    }
  });
});

test('a norm that is stored in few bits divides by what it can hold, and the weights make up for exactly that', () => {
  scope(() => {
    const values = Float32Array.from({ length: width }, (_, column) => 1 + column / 16);
    const work = layer({ name: 'norm', role: 'attn_norm.weight', dtype: 'bfloat16', offset: 0 }, values);
    const { matrices, changed } = smoothQuant.roundLayer(work, settings);
    const stored = changed!.get('norm')!;
    for (const { path, weight } of work.linears) {
      const { levels, scales } = matrices.get(path)!;
      const plain = weight.toArray();
      levels.forEach((level, at) => expect(Math.abs(((level - 128) * scales[Math.floor(at / width)]! * stored[at % width]!) / values[at % width]! - plain[at]!)).toBeLessThan((0.51 * scales[Math.floor(at / width)]! * stored[at % width]!) / values[at % width]! + 1e-6));
    }
  });
});
