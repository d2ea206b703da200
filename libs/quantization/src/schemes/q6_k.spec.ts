import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { q6_k } from './q6_k.js';

describeGgufScheme(q6_k, {
  // 63 steps of scales that have few bits themselves; and products of scales that float16 rounds to nothing.
  largestError: (largest) => largest * 0.08 + 2e-4,
});
