import { unpackLevels } from './unpack-levels.js';

test('four bits: eight levels a word, the first one lowest', () => {
  expect([...unpackLevels(new Int32Array([0x76543210, 0xfedcba98 | 0]), 4, 16, 1)]).toEqual(Array.from({ length: 16 }, (_, i) => i));
});

test('three bits: levels 10 and 21 of a column stand in two words', () => {
  const levels = Array.from({ length: 32 }, (_, i) => (i * 5 + 3) % 8);
  const all = levels.reduce((sum, level, i) => sum | (BigInt(level) << BigInt(3 * i)), 0n);
  const words = Int32Array.from([0n, 32n, 64n], (shift) => Number((all >> shift) & 0xffffffffn) | 0);
  expect([...unpackLevels(words, 3, 32, 1)]).toEqual(levels);
});

test('columns lie side by side', () => {
  expect([...unpackLevels(new Int32Array([0x04030201, 0x40302010]), 8, 4, 2)]).toEqual([1, 16, 2, 32, 3, 48, 4, 64]);
});
