import { ggufScheme } from './gguf-scheme.js';

/** GGUF Q2_K: 256 weights of 2 bits; each 16 have a scale and an offset of 4 bits, all of them one of each in float16; 2.625 bits a weight. */
export const q2_k = ggufScheme('q2_k', 'Q2_K');
