import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { q5_0 } from './q5_0.js';

describeGgufScheme(q5_0, {
  largestError(largest) {
    const step = largest / 16;
    // A whole step: the end opposite to the largest element is one step short. And the rounding of the scale to float16.
    return step * 1.0001 + 16 * Math.max(step * 2 ** -11, 2 ** -25);
  },
  representable: (levels) => [-16, ...levels.slice(1).map((level) => (level % 32) - 16)].map((level) => level / 64),
});
