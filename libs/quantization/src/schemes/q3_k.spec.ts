import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { q3_k } from './q3_k.js';

describeGgufScheme(q3_k, {
  // Seven steps of scales that have few bits themselves; and products of scales that float16 rounds to nothing.
  largestError: (largest) => largest * 0.5 + 2e-4,
});
