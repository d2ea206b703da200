import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { expectBytesOfGgufPy } from '../testing/gguf-blocks-fixture.js';
import { q8_0 } from './q8_0.js';

describeGgufScheme(q8_0, {
  largestError(largest) {
    const step = largest / 127;
    // Half a step, and 127 times the rounding of the scale to float16.
    return step * 0.5001 + 127 * Math.max(step * 2 ** -11, 2 ** -25);
  },
  representable: (levels) => [127, ...levels.slice(1).map((level) => (level % 255) - 127)].map((level) => level / 64),
});

test('q8_0 gives the bytes of gguf-py', () => expectBytesOfGgufPy(q8_0));

test('q8_0 rounds as gguf-py does just below a half', () => {
  const justBelow = 1 - 2 ** -24;
  const [bytes] = q8_0.encode(new Float32Array([127, justBelow / 2, -justBelow / 2, 0.5, -0.5, ...new Array<number>(27).fill(0)]));
  expect([...new Int8Array(bytes!.slice(2, 7).buffer)]).toEqual([127, 0, 0, 1, -1]);
});

test('q8_0 refuses a block whose scale float16 cannot hold, and says where', () => {
  const values = new Float32Array(96).fill(1e7, 32, 64);
  expect(() => q8_0.encode(values)).toThrow(expect.objectContaining({ code: 'value-out-of-range', message: expect.stringMatching(/row 0, from column 32/) }));
});
