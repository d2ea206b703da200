import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { q5_1 } from './q5_1.js';

describeGgufScheme(q5_1, {
  largestError(largest) {
    const step = (2 * largest) / 31;
    // Half a step, and the rounding of the scale (31 times) and of the smallest number to float16.
    return step * 0.5001 + 32 * Math.max(step * 2 ** -11, 2 ** -25) + largest * 2 ** -11;
  },
  representable: (levels) => [0, 31, ...levels.slice(2).map((level) => level % 32)].map((level) => (level - 15) / 64),
});
