import { describeScheme } from '../testing/describe-scheme.js';
import { expectBytesOfGgufPy } from '../testing/gguf-blocks-fixture.js';
import { f16 } from './f16.js';

// Half a unit in the last of 11 digits; below 2^-14 the spacing stays 2^-24.
describeScheme(f16, { largestError: (largest) => Math.max(largest * 2 ** -11, 2 ** -25), representable: (levels) => levels.map((level) => level / 16) });

test('f16 gives the bytes of gguf-py', () => expectBytesOfGgufPy(f16));

test('f16 refuses a weight that would become infinite', () => {
  expect(() => f16.encode(new Float32Array([1, 70000]))).toThrow(expect.objectContaining({ code: 'value-out-of-range', message: expect.stringMatching(/column 1: .*65504/) }));
  expect([...f16.decode(f16.encode(new Float32Array([65504])), 1)]).toEqual([65504]);
});
