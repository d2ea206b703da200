import { scope, tensor } from '@tunesmith/tensor';
import type { IntegerGrid } from './integer-grid.js';
import { roundToNearest } from './round-to-nearest.js';

const weights = Float32Array.from({ length: 3 * 8 }, (_, i) => Math.sin(i * 12.9898) * (i < 8 ? 1 : 0.01) + (i >= 16 ? 0.05 : 0));
const grid: IntegerGrid = { bits: 4, symmetric: true, groupSize: 4, leastZero: 0, scaleDtype: 'float32' };
const round = (change: Partial<IntegerGrid>, values: Float32Array = weights) => scope(() => roundToNearest.round(tensor(values, { shape: [values.length / 8, 8] }), { ...grid, ...change }, 'w'));

/** numpy.round: halves go to the even number. */
function roundHalfEven(value: number): number {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}

test.each([
  [4, 4], [8, 4], [3, 8], [4, null],
])('symmetric, %d bits, groups of %p: 2 max|w| / (2^bits − 1), the zero in the middle', (bits, groupSize) => {
  const { levels, scales, zeros } = round({ bits, groupSize });
  const size = groupSize ?? 8;
  for (let group = 0; group < weights.length / size; group += 1) {
    const own = weights.subarray(group * size, (group + 1) * size);
    const scale = Math.fround(Math.max(...own.map(Math.abs)) * Math.fround(2 / (2 ** bits - 1)));
    expect(scales[group]).toBeCloseTo(scale, 6);
    expect(zeros[group]).toBe(2 ** (bits - 1));
    own.forEach((weight, i) => expect(levels[group * size + i]).toBe(Math.min(2 ** bits - 1, Math.max(0, roundHalfEven(Math.fround(weight / scales[group]!)) + 2 ** (bits - 1)))));
  }
});

test('asymmetric: from the smallest to the largest, zero among them', () => {
  const { levels, scales, zeros } = round({ symmetric: false });
  for (let group = 0; group < weights.length / 4; group += 1) {
    const own = [...weights.subarray(group * 4, (group + 1) * 4)];
    const [low, high] = [Math.min(0, ...own), Math.max(0, ...own)];
    expect(scales[group]).toBeCloseTo((high - low) / 15, 6);
    expect(zeros[group]).toBe(roundHalfEven(Math.abs(low) / scales[group]!));
    own.forEach((weight, i) => expect(levels[group * 4 + i]).toBe(Math.min(15, Math.max(0, roundHalfEven(Math.fround(weight / scales[group]!)) + zeros[group]!))));
  }
});

test('a format without the zero 0 gets 1, and a scale that still reaches the largest weight', () => {
  const { levels, scales, zeros } = round({ symmetric: false, leastZero: 1 }, new Float32Array([0.1, 0.2, 0.3, 1.4, 0, 0, 0, 0]));
  expect([...zeros]).toEqual([1, 1]);
  expect(scales[0]).toBeCloseTo(0.1, 6);
  expect([...levels]).toEqual([2, 3, 4, 15, 1, 1, 1, 1]);
});

test.each(['float16', 'bfloat16'] as const)('levels fit the scale as %s stores it', (scaleDtype) => {
  const { levels, scales } = round({ scaleDtype });
  const stored = scaleDtype === 'float16' ? Float32Array.from(new Float16Array(scales)) : Float32Array.from(scales, (scale) => new Float32Array(new Uint32Array([new Uint32Array(new Float32Array([scale]).buffer)[0]! & 0xffff0000]).buffer)[0]!);
  expect(stored).toEqual(scales);
  weights.forEach((weight, i) => expect(levels[i]).toBe(Math.min(15, Math.max(0, roundHalfEven(Math.fround(weight / scales[Math.floor(i / 4)]!)) + 8))));
});

test('groups of zeros stay zeros, and scales beyond float16 are refused by name', () => {
  expect([...round({ scaleDtype: 'float16' }, new Float32Array(8)).levels]).toEqual(new Array(8).fill(8));
  expect(() => round({ scaleDtype: 'float16' }, new Float32Array(8).fill(1e6))).toThrow(expect.objectContaining({ code: 'value-out-of-range', message: expect.stringContaining('float16') }));
});
