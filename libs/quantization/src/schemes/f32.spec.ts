import { describeScheme } from '../testing/describe-scheme.js';
import { expectBytesOfGgufPy } from '../testing/gguf-blocks-fixture.js';
import { f32 } from './f32.js';

describeScheme(f32, { largestError: () => 0, representable: (levels) => levels.map((level) => Math.fround(level / 7)) });

test('f32 gives the bytes of gguf-py', () => expectBytesOfGgufPy(f32));
