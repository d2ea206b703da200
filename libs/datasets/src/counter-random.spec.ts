import { counterUniform, philox } from './counter-random.js';

const hexadecimal = (words: readonly number[]): string[] => words.map((word) => word.toString(16).padStart(8, '0'));

describe('philox', () => {
  // Known answers published with the authors' Random123 library (kat_vectors, philox4x32 10).
  test.each([
    [[0, 0], [0, 0, 0, 0], ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']],
    [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], ['408f276d', '41c83b0e', 'a20bc7c6', '6d5451fd']],
    [[0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], ['d16cfe09', '94fdcceb', '5001e420', '24126ea1']],
  ] as const)('gives the published words for key %j and counter %j', (key, counter, expected) => {
    expect(hexadecimal(philox(key, counter))).toEqual(expected);
  });
});

describe('counterUniform', () => {
  test('is the same at the same place, differs at others, and is spread over [0, 1)', () => {
    const numbers = Array.from({ length: 4000 }, (_, place) => counterUniform(7, 1, place));
    expect(numbers).toEqual(Array.from({ length: 4000 }, (_, place) => counterUniform(7, 1, place)));
    expect(new Set(numbers).size).toBe(4000);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / numbers.length));
    expect(counterUniform(7, 2, 0)).not.toBe(numbers[0]);
    expect(counterUniform(8, 1, 0)).not.toBe(numbers[0]);
  });
});
