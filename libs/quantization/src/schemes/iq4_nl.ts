import { ggufScheme } from './gguf-scheme.js';

/** GGUF IQ4_NL: 32 places in a table of 16 values that lie closer around zero, and one float16 scale, which is searched for; 4.5 bits a weight. */
export const iq4_nl = ggufScheme('iq4_nl', 'IQ4_NL');
