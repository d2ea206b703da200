import { ggufScheme } from './gguf-scheme.js';

/** GGUF Q5_1: as Q4_1 with a fifth bit for each weight; 6 bits a weight. */
export const q5_1 = ggufScheme('q5_1', 'Q5_1');
