import { ggufScheme } from './gguf-scheme.js';

/** GGUF Q4_1: 32 nibbles, a float16 scale and the smallest number, `value = scale * q + smallest`; 5 bits a weight. */
export const q4_1 = ggufScheme('q4_1', 'Q4_1');
