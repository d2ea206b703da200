import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { liveTensors, ops, randn, RandomGenerator, scope, setThreads, tensor, type DType, type Tensor } from '@tunesmith/tensor';
import { plainParts } from './plain-parts.js';
import { QuantizedLinear, quantizedParts, type WeightCode } from './quantized-linear.js';

beforeAll(() => setThreads(1));

interface Reference { shape: [number, number]; codes: string; scaleCodes: string; scaleScales: number[]; scaleOffset: number; restored: number[] }
/** Made by tests/parity/make-nf4-fixture.py with bitsandbytes. */
const reference = JSON.parse(readFileSync(join(import.meta.dirname, '../../../tests/parity/fixtures/training/nf4.json'), 'utf8')) as Reference;

test('nf4 with double quantization has the codes, the scales and the numbers of bitsandbytes', () => {
  scope(() => {
    const [rows, columns] = reference.shape;
    const numbers = Float32Array.from({ length: rows * columns }, (_, i) => ((((i * 7919 + 13) % 1009) - 504) / 504) * (((Math.floor(i / 64) % 17) + 1) / 17));
    const [codes, scaleCodes, scaleScales, offset] = ops.quantizeBlocks(tensor(numbers, { shape: [rows, columns] }), 'nf4');
    const bytes = (text: string) => [...Buffer.from(text, 'base64')];
    expect(differing(codes!.toArray(), bytes(reference.codes))).toBe(0);
    expect(differing(scaleCodes!.toArray(), bytes(reference.scaleCodes))).toBe(0);
    scaleScales!.toArray().forEach((scale, index) => expect(scale).toBeCloseTo(reference.scaleScales[index]!, 6));
    expect(offset!.item()).toBeCloseTo(reference.scaleOffset, 6);
    const restored = ops.dequantizeBlocks([codes!, scaleCodes!, scaleScales!, offset!], 'nf4', [rows, columns], 'float32').toArray();
    reference.restored.forEach((number, index) => expect(Math.abs(restored[index * 97]! - number)).toBeLessThan(1e-6));
  });
});

function differing(actual: readonly number[], expected: readonly number[]): number {
  expect(actual).toHaveLength(expected.length);
  return actual.filter((number, index) => number !== expected[index]).length;
}

test('int8 is within half a step of each block', () => {
  scope(() => {
    const weight = randn([7, 100], { generator: new RandomGenerator(2) });
    const back = ops.dequantizeBlocks(ops.quantizeBlocks(weight, 'int8'), 'int8', [7, 100], 'float32').toArray();
    const numbers = weight.toArray();
    for (let start = 0; start < numbers.length; start += 64) {
      const step = Math.max(...numbers.slice(start, start + 64).map(Math.abs)) / 127;
      numbers.slice(start, start + 64).forEach((number, index) => expect(Math.abs(number - back[start + index]!)).toBeLessThanOrEqual(step * 0.5001));
    }
    expect(ops.dequantizeBlocks(ops.quantizeBlocks(ops.zerosLike(weight), 'int8'), 'int8', [7, 100], 'float32').toArray().every((number) => number === 0)).toBe(true);
  });
});

const tolerances: [DType, number][] = [['float32', 1e-6], ['bfloat16', 1e-2]];
describe.each<WeightCode>(['int8', 'nf4'])('%s', (kind) => {
  test.each(tolerances)('has the result and the gradient of the written-out weight in %s', (dtype, tolerance) => {
    scope(() => {
      const linear = filled(kind, dtype);
      const results = [(input: Tensor) => linear.forward(input), (input: Tensor) => ops.linear(input, linear.weight, linear.bias)].map((forward) => {
        const input = ops.toDtype(randn([9, 21], { generator: new RandomGenerator(4) }), dtype).setRequiresGrad(true);
        const result = forward(input);
        ops.sumAll(ops.square(result)).backward();
        return [result, input.grad!];
      });
      results[0]!.forEach((actual, index) => {
        const expected = results[1]![index]!;
        expect(ops.amax(ops.abs(ops.sub(actual, expected))).item()).toBeLessThanOrEqual(tolerance * ops.amax(ops.abs(expected)).item());
      });
    });
  });

  test('holds the codes alone between forward and backward', () => {
    scope(() => {
      const linear = filled(kind, 'float32');
      const bytes = [...linear.parameters()].reduce((sum, [, { byteLength }]) => sum + byteLength, 0);
      expect(bytes).toBeLessThan(13 * 21 * (kind === 'nf4' ? 0.6 : 1.1) + 13 * 4 + 16);
      const before = liveTensors();
      scope(() => void linear.forward(randn([2, 21])));
      expect(liveTensors()).toBe(before);
    });
  });
});

test('what does not fit is refused', () => {
  scope(() => {
    const parts = ops.quantizeBlocks(randn([4, 64]), 'nf4');
    expect(() => ops.quantizedLinear(randn([2, 60]), parts, 'nf4', 4)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
    expect(() => ops.quantizedLinear(randn([2, 64]), parts, 'int8', 4)).toThrow(/expected 2 parts/);
    expect(() => ops.quantizeBlocks(randn([4, 64]), 'fp4')).toThrow(/'int8' or 'nf4', got 'fp4'/);
  });
});

test('the output head and routers stay as they are', () => {
  const parts = quantizedParts(plainParts({ dtype: 'float32' }), { kind: 'nf4', dtype: 'float32' });
  expect(parts.linear('lm_head', 3, 4)).not.toBeInstanceOf(QuantizedLinear);
  expect(parts.router('model.layers.0.gate', 3, 4)).not.toBeInstanceOf(QuantizedLinear);
  expect(parts.linear('model.layers.0.q_proj', 3, 4, { bias: true }).bias?.shape).toEqual([4]);
});

function filled(kind: WeightCode, dtype: DType): QuantizedLinear {
  const linear = new QuantizedLinear('layer', [13, 21], { kind, dtype, bias: true });
  linear.takeWeight(randn([13, 21], { generator: new RandomGenerator(3) }));
  ops.normalInPlace(linear.bias!, 0, 1, new RandomGenerator(5));
  return linear;
}
