import { describeGgufScheme } from '../testing/describe-gguf-scheme.js';
import { q5_k } from './q5_k.js';

describeGgufScheme(q5_k, {
  // 31 steps of scales that have few bits themselves; and products of scales that float16 rounds to nothing.
  largestError: (largest) => largest * 0.15 + 2e-4,
});
