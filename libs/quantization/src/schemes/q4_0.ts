import { dequantizeGguf } from '@tunesmith/checkpoints';
import { float16Bits } from './float16.js';
import { q8_0 } from './q8_0.js';
import type { QuantizationScheme } from './quantization-scheme.js';

const blockElements = 32;
const bytesPerBlock = 18;
const { fround } = Math;

/**
 * GGUF Q4_0: 32 nibbles and one float16 scale, `value = scale * (q - 8)`; 4.5 bits a weight. Byte-equal to ggml's reference encoder
 * (`quantize_row_q4_0_ref`): the element of largest magnitude, with its sign, becomes q = 0, so the scale may be negative.
 */
export const q4_0: QuantizationScheme = {
  name: 'q4_0',
  blockElements,
  planes: [{ name: 'blocks', bytesPerBlock }],
  // llama-quantize keeps the head in Q6_K, or in Q8_0 where rows are no multiple of 256; ours is always the latter.
  gguf: { type: 'Q4_0', fileType: 2, head: q8_0 },
  encode(values) {
    const bytes = new Uint8Array((values.length / blockElements) * bytesPerBlock);
    for (let start = 0, at = 0; start < values.length; start += blockElements, at += bytesPerBlock) {
      let largest = 0;
      let signed = 0;
      for (let i = start; i < start + blockElements; i += 1) {
        const value = values[i]!;
        const magnitude = Math.abs(value);
        if (magnitude > largest) {
          largest = magnitude;
          signed = value;
        }
      }
      const scale = fround(signed / -8);
      const reciprocal = scale === 0 ? 0 : fround(1 / scale);
      const inverse = Number.isFinite(reciprocal) ? reciprocal : 0;
      const bits = float16Bits(scale);
      bytes[at] = bits;
      bytes[at + 1] = bits >> 8;
      for (let i = 0; i < 16; i += 1) {
        // The first half of the block fills the low nibbles, the second half the high ones.
        const low = fround(fround(values[start + i]! * inverse) + 8.5) | 0;
        const high = fround(fround(values[start + i + 16]! * inverse) + 8.5) | 0;
        bytes[at + 2 + i] = (low > 15 ? 15 : low) | ((high > 15 ? 15 : high) << 4);
      }
    }
    return [bytes];
  },
  decode: ([bytes], count) => dequantizeGguf('Q4_0', bytes!, count),
};
