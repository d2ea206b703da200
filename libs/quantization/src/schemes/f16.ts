import { ggufScheme } from './gguf-scheme.js';

/** IEEE binary16, rounded to nearest even. A weight beyond its range is refused: it would become infinite. */
export const f16 = ggufScheme('f16', 'F16');
