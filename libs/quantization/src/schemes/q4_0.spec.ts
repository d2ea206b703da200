import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { expectBytesOfGgufPy } from '../testing/gguf-blocks-fixture.js';
import { q4_0 } from './q4_0.js';

describeGgufScheme(q4_0, {
  largestError(largest) {
    const step = largest / 8;
    // A whole step: the end opposite to the largest element is one step short. And the rounding of the scale to float16.
    return step * 1.0001 + 8 * Math.max(step * 2 ** -11, 2 ** -25);
  },
  representable: (levels) => [-8, ...levels.slice(1).map((level) => (level % 16) - 8)].map((level) => level / 64),
});

test('q4_0 gives the bytes of gguf-py', () => expectBytesOfGgufPy(q4_0));
