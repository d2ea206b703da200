import { ggufScheme } from './gguf-scheme.js';

/** IEEE binary32, as it is. */
export const f32 = ggufScheme('f32', 'F32');
