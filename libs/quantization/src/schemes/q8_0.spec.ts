import { describeScheme } from '../testing/describe-scheme.js';
import { expectBytesOfGgufPy } from '../testing/gguf-blocks-fixture.js';
import { q8_0 } from './q8_0.js';

describeScheme(q8_0, {
  largestError(largest) {
    const step = largest / 127;
    // Half a step, and 127 times the rounding of the scale to float16.
    return step * 0.5001 + 127 * Math.max(step * 2 ** -11, 2 ** -25);
  },
  representable: (levels) => [127, ...levels.slice(1).map((level) => (level % 255) - 127)].map((level) => level / 64),
});

test('q8_0 gives the bytes of gguf-py', () => expectBytesOfGgufPy(q8_0));

test('q8_0 refuses a block whose scale float16 cannot hold', () => {
  expect(() => q8_0.encode(new Float32Array(32).fill(1e7))).toThrow(expect.objectContaining({ code: 'value-out-of-range' }));
});
