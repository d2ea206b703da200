import { ggufScheme } from './gguf-scheme.js';

/** GGUF Q5_K: as Q4_K with a fifth bit for each weight; 5.5 bits a weight. */
export const q5_k = ggufScheme('q5_k', 'Q5_K');
