import { ggufScheme } from './gguf-scheme.js';

/**
 * GGUF Q4_0: 32 nibbles and one float16 scale, `value = scale * (q - 8)`; 4.5 bits a weight. The element of largest magnitude, with its sign, becomes
 * q = 0, so the scale may be negative.
 */
export const q4_0 = ggufScheme('q4_0', 'Q4_0');
