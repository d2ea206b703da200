import { compressedTensors } from './compressed-tensors.js';
import { gptqFormat } from './gptq-format.js';
import type { PackedFormat } from './packed-format.js';

/** Every format of Hugging Face folders with packed linears. */
export const packedFormats: readonly PackedFormat[] = [compressedTensors, gptqFormat];
