import type { BlockScheme } from '../../schemes/block-scheme.js';
import { int4 } from '../../schemes/int4.js';
import { int8 } from '../../schemes/int8.js';
import type { MatrixRole } from './data-types.js';

/**
 * The int4 graph: 4 bits where they do little harm, 8 bits in the first and the last eighth of the layers, in every projection that makes values, and
 * in embedding and head. A mix, as llama.cpp's Q4_K_M and genai's `k_quant_mixed` are. On SmolLM2-135M (1,700 tokens, against float32):
 *
 *     4 bits in all linears                            101 MB   perplexity +20 %
 *     8 bits in v_proj and down_proj by Q4_K_M's rule  108 MB   +15 %
 *     8 bits in the first and the last eighth          115 MB   +8 %
 *     and in the value projections                     116 MB   +5 %
 *     8 bits everywhere                                154 MB   +1 %
 *
 * Small models pay most for 4 bits, and their tables are a fifth of them: 8 bits there are free of loss, 4 bits would save 14 MB.
 */
export function int4Mix({ layer, layers, makesValues }: MatrixRole): BlockScheme {
  if (layer === null || makesValues) return int8;
  const edge = Math.ceil(layers / 8);
  return layer < edge || layer >= layers - edge ? int8 : int4;
}
