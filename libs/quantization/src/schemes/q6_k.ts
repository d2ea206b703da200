import { ggufScheme } from './gguf-scheme.js';

/** GGUF Q6_K: 256 weights of 6 bits; each 16 have a scale of 8 bits, all of them one in float16; 6.5625 bits a weight. */
export const q6_k = ggufScheme('q6_k', 'Q6_K');
