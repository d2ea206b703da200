import * as ops from './ops.generated.js';
import { tensor } from './creation.js';
import { scope } from './scope.js';

// The bytes of each type are compared with ggml's in libs/quantization/src/schemes; here what the kernel refuses, and what it finds in its input.
const row = (length: number) => Float32Array.from({ length }, (_, place) => Math.sin(place));

test('says where the first number is that is not finite, and the first block that float16 cannot hold', () => {
  scope(() => {
    const values = row(6 * 64);
    values[3 * 64 + 40] = 1e9;
    values[4 * 64 + 1] = 1e9;
    expect(ops.ggufQuantize(tensor(values, { shape: [6, 64] }), 'Q8_0').slice(1)).toEqual([-1, 3 * 64 + 32]);
    values[2 * 64 + 7] = NaN;
    values[5 * 64] = -Infinity;
    expect(ops.ggufQuantize(tensor(values, { shape: [6, 64] }), 'Q8_0')[1]).toBe(2 * 64 + 7);
    expect(ops.ggufQuantize(tensor(row(512), { shape: [2, 256] }), 'Q4_K').slice(1)).toEqual([-1, -1]);
  });
});

test('many rows are the rows one by one, whatever share of them each thread has', () => {
  scope(() => {
    const values = tensor(row(300 * 512), { shape: [300, 512] });
    const whole = ops.ggufQuantize(values, 'Q4_K')[0].toBytes();
    const apart = Buffer.concat(Array.from({ length: 300 }, (_, index) => ops.ggufQuantize(ops.narrow(values, 0, index, 1), 'Q4_K')[0].toBytes()));
    expect(Buffer.compare(whole, apart)).toBe(0);
  });
});

test.each([
  ['rows that are no whole blocks', () => ops.ggufQuantize(tensor(row(300), { shape: [1, 300] }), 'Q4_K'), /multiple of 256 columns/],
  ['a type without an encoder', () => ops.ggufQuantize(tensor(row(256), { shape: [1, 256] }), 'IQ1_S'), /no encoder for IQ1_S/],
  ['integers', () => ops.ggufQuantize(tensor([1, 2], { dtype: 'int64', shape: [1, 2] }), 'F32'), /float32, bfloat16 or float16/],
  ['an importance of another width', () => ops.ggufQuantize(tensor(row(256), { shape: [1, 256] }), 'Q4_K', tensor(row(128))), /importance has 128 numbers; expected 256/],
])('refuses %s', (_, call, message) => {
  scope(() => expect(call).toThrow(message));
});

// What they compute is compared in libs/quantization/src/methods/block-gptq.spec.ts.
describe('levels of blocks', () => {
  const blocks = () => ops.ggufQuantize(tensor(row(512), { shape: [1, 512] }), 'Q4_K')[0];
  const numbers = (shape: number[]) => tensor(new Float32Array(shape.reduce((product, size) => product * size, 1)), { shape });
  const bytes = (shape: number[]) => ops.toDtype(numbers(shape), 'uint8');
  const columns = (left: number[], grids: number[], groups: number[], type = 'Q4_0') => ops.ggufColumnsInPlace(numbers(left), numbers(left), bytes(left), numbers([left[0]!, left[0]!]), numbers(grids), numbers(grids), groups, 0, type);

  test('a scale and an offset for each group of columns, by rows', () => {
    scope(() => expect(ops.ggufGrids(blocks(), 'Q4_K').map(({ shape }) => shape)).toEqual([[16, 1], [16, 1]]));
  });

  test.each([
    ['types without blocks', () => ops.ggufGrids(bytes([1, 4]), 'F32'), /F32 has no blocks/],
    ['bytes that are no whole blocks', () => ops.ggufGrids(bytes([1, 143]), 'Q4_K'), /multiple of 144 bytes/],
    ['blocks of numbers', () => ops.ggufGrids(numbers([1, 144]), 'Q4_K'), /expected dtype uint8/],
    ['levels of another matrix', () => ops.ggufPackInPlace(blocks(), bytes([256, 1]), 'Q4_K'), /of 512 columns and 1 rows/],
    ['more columns than there are', () => columns([2, 3], [1, 3], [0, 0, 0]), /groups: size mismatch/],
    ['groups that there are not', () => columns([2, 3], [1, 3], [1]), /groups: expected numbers below 1, got 1/],
    ['grids of other rows', () => columns([2, 3], [1, 4], [0]), /scales and zeros: size mismatch/],
  ])('refuse %s', (_, call, message) => {
    scope(() => expect(call).toThrow(message));
  });
});
