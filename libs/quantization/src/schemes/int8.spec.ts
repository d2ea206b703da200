import { describeScheme } from '../testing/describe-scheme.js';
import { int8 } from './int8.js';

describeScheme(int8, {
  largestError: (largest) => (largest / 127) * 0.5001 + 1e-40,
  representable: (levels) => [-127, ...levels.slice(1).map((level) => (level % 255) - 127)].map((level) => level / 64),
});
