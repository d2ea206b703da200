import fc from 'fast-check';
import { describeScheme } from '../testing/describe-scheme.js';
import { int4 } from './int4.js';

/** The plain rule: the largest magnitude, with its sign, becomes level -8. */
function plain(block: Float32Array): Float32Array {
  const signed = block.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0);
  const scale = signed / -8;
  return block.map((value) => (scale === 0 ? 0 : scale * (Math.min(15, Math.floor(value / scale + 8.5)) - 8)));
}

/** Squared errors, weighted by magnitude. */
function weightedError(block: Float32Array, decoded: Float32Array): number {
  return block.reduce((sum, value, i) => sum + Math.abs(value) * (value - decoded[i]!) ** 2, 0);
}

function searched(block: Float32Array): Float32Array {
  return int4.decode(int4.encode(block), block.length);
}

describeScheme(int4, {
  // Half a step of the coarsest grid (a sixth), or what the finest (a ninth) clips; the fit of the scale moves both a little.
  largestError: (largest) => largest / 6 + 1e-40,
  representable: (levels) => [-8, ...levels.slice(1).map((level) => (level % 16) - 8)].map((level) => level / 64),
});

test('the searched scale is never worse than the plain one', () => {
  fc.assert(
    fc.property(fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 32, maxLength: 32 }), (values) => {
      const block = new Float32Array(values);
      expect(weightedError(block, searched(block))).toBeLessThanOrEqual(weightedError(block, plain(block)) * 1.0001 + 1e-12);
    }),
    { numRuns: 500 },
  );
});

test('on bell-shaped weights it takes an eighth off the weighted error', () => {
  // Sums of uniform numbers from a fixed generator.
  let state = 1;
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const weights = Float32Array.from({ length: 32 * 400 }, () => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6));
  let plainly = 0;
  for (let start = 0; start < weights.length; start += 32) plainly += weightedError(weights.slice(start, start + 32), plain(weights.slice(start, start + 32)));
  expect(weightedError(weights, searched(weights))).toBeLessThan(plainly * (7 / 8));
});
