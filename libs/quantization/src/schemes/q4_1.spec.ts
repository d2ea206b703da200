import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { q4_1 } from './q4_1.js';

describeGgufScheme(q4_1, {
  largestError(largest) {
    const step = (2 * largest) / 15;
    // Half a step, and the rounding of the scale (15 times) and of the smallest number to float16.
    return step * 0.5001 + 16 * Math.max(step * 2 ** -11, 2 ** -25) + largest * 2 ** -11;
  },
  representable: (levels) => [0, 15, ...levels.slice(2).map((level) => level % 16)].map((level) => (level - 7) / 64),
});
