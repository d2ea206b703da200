import { ggufScheme } from './gguf-scheme.js';

/** GGUF Q4_K: 256 weights of 4 bits; each 32 have a scale and an offset of 6 bits, all of them one of each in float16; 4.5 bits a weight. */
export const q4_k = ggufScheme('q4_k', 'Q4_K');
