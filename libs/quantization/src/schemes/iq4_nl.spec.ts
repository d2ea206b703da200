import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { iq4_nl } from './iq4_nl.js';

describeGgufScheme(iq4_nl, {
  // The table has gaps of up to 24 in 127, and its ends are not the same; a search that weighs by squares gives up small elements for large ones.
  largestError: (largest) => largest * 0.3 + 127 * 2 ** -25,
});
