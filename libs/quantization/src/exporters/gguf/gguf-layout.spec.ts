import fc from 'fast-check';
import { toGgufLayout } from './gguf-layout.js';

test('rows of a head go from halves to pairs, in matrices and in biases', () => {
  // One head of 4 rows, two numbers each.
  const values = new Float32Array([0, 1, 10, 11, 20, 21, 30, 31]);
  expect([...toGgufLayout(values, [4, 2], { kind: 'interleave-heads', heads: 1 })]).toEqual([0, 1, 20, 21, 10, 11, 30, 31]);
  expect([...toGgufLayout(new Float32Array([0, 1, 2, 3, 4, 5, 6, 7]), [8], { kind: 'interleave-heads', heads: 2 })]).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
});

test('the published formula: row h * size + 2i + c is row h * size + c * size / 2 + i', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 }), (heads, half, columns) => {
      const size = 2 * half;
      const rows = heads * size;
      const values = Float32Array.from({ length: rows * columns }, (_, i) => i);
      const moved = toGgufLayout(values, [rows, columns], { kind: 'interleave-heads', heads });
      for (let h = 0; h < heads; h += 1) {
        for (let i = 0; i < half; i += 1) {
          for (const c of [0, 1]) expect(moved[(h * size + 2 * i + c) * columns]).toBe(values[(h * size + c * half + i) * columns]);
        }
      }
    }),
  );
});

test('query, key and value of each head go from side by side to one after another', () => {
  // Two heads of two rows: q0 q0 k0 k0 v0 v0 q1 q1 k1 k1 v1 v1.
  const values = new Float32Array([0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23]);
  expect([...toGgufLayout(values, [12], { kind: 'join-roles', heads: 2 })]).toEqual([0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]);
});

test('plus-one adds in float32', () => {
  expect([...toGgufLayout(new Float32Array([0, -1, 2 ** -8]), [3], { kind: 'plus-one' })]).toEqual([1, 0, 1 + 2 ** -8]);
});
