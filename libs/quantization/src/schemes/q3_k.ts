import { ggufScheme } from './gguf-scheme.js';

/** GGUF Q3_K: 256 weights of 3 bits; each 16 have a scale of 6 bits, all of them one in float16; 3.4375 bits a weight. */
export const q3_k = ggufScheme('q3_k', 'Q3_K');
