import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { q2_k } from './q2_k.js';

describeGgufScheme(q2_k, {
  // Three steps of scales that have few bits themselves; and products of scales that float16 rounds to nothing.
  largestError: (largest) => largest * 0.8 + 2e-4,
});
