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
