import { ggufScheme } from './gguf-scheme.js';

/**
 * GGUF Q8_0: 32 signed bytes and one float16 scale, `value = scale * q`; 8.5 bits a weight. scale = max|x| / 127, halves round away from zero, and
 * rounding uses the scale before it becomes float16.
 */
export const q8_0 = ggufScheme('q8_0', 'Q8_0');
