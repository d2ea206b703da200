import { ggufScheme } from './gguf-scheme.js';

/** GGUF Q5_0: as Q4_0 with a fifth bit for each weight, `value = scale * (q - 16)`; 5.5 bits a weight. */
export const q5_0 = ggufScheme('q5_0', 'Q5_0');
