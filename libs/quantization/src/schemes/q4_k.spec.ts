import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { q4_k } from './q4_k.js';

describeGgufScheme(q4_k, {
  // Fifteen steps of scales that have few bits themselves; and products of scales that float16 rounds to nothing.
  largestError: (largest) => largest * 0.3 + 2e-4,
});
