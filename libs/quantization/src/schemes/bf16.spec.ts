import { describeScheme } from '../testing/describe-scheme.js';
import { expectBytesOfGgufPy } from '../testing/gguf-blocks-fixture.js';
import { bf16 } from './bf16.js';

// Half a unit in the last of 8 digits.
describeScheme(bf16, { largestError: (largest) => Math.max(largest * 2 ** -8, 2 ** -134), representable: (levels) => levels.map((level) => level / 128) });

test('bf16 gives the bytes of gguf-py', () => expectBytesOfGgufPy(bf16));
