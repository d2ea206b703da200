import fc from 'fast-check';
import { describeScheme } from '../testing/describe-scheme.js';
import { int4 } from './int4.js';

/** The plain rule: the largest magnitude, with its sign, becomes level -8. */
function plainSquaredError(block: Float32Array): number {
  const signed = block.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0);
  const scale = signed / -8;
  return block.reduce((sum, value) => sum + (scale === 0 ? value : value - scale * (Math.min(15, Math.floor(value / scale + 8.5)) - 8)) ** 2, 0);
}

function squaredError(block: Float32Array): number {
  const decoded = int4.decode(int4.encode(block), block.length);
  return block.reduce((sum, value, i) => sum + (value - decoded[i]!) ** 2, 0);
}

describeScheme(int4, {
  // The plain rule errs by half a step, by one at the far end; the chosen scale has no larger sum of squares, so no single error is larger than that.
  largestError: (largest) => Math.sqrt(1 + 31 / 4) * (largest / 8) * 1.001 + 1e-40,
  representable: (levels) => [-8, ...levels.slice(1).map((level) => (level % 16) - 8)].map((level) => level / 64),
});

test('the searched scale is never worse than the plain one', () => {
  fc.assert(
    fc.property(fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 32, maxLength: 32 }), (values) => {
      const block = new Float32Array(values);
      expect(squaredError(block)).toBeLessThanOrEqual(plainSquaredError(block) * 1.0001 + 1e-12);
    }),
    { numRuns: 500 },
  );
});

test('on bell-shaped weights it takes a tenth off the squared error', () => {
  // Sums of uniform numbers from a fixed generator.
  let state = 1;
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const weights = Float32Array.from({ length: 32 * 400 }, () => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6));
  let plain = 0;
  for (let start = 0; start < weights.length; start += 32) plain += plainSquaredError(weights.slice(start, start + 32));
  expect(squaredError(weights)).toBeLessThan(plain * 0.9);
});
