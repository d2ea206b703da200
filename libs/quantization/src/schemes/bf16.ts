import { ggufScheme } from './gguf-scheme.js';

/** The upper half of binary32, rounded to nearest even: what the models are trained in. */
export const bf16 = ggufScheme('bf16', 'BF16');
