import { dequantizeGguf } from '@tunesmith/checkpoints';
import { float16Bits } from './float16.js';
import type { QuantizationScheme } from './quantization-scheme.js';

const blockElements = 32;
const bytesPerBlock = 34;
const { fround } = Math;

/**
 * GGUF Q8_0: 32 signed bytes and one float16 scale, `value = scale * q`; 8.5 bits a weight. Byte-equal to ggml's reference encoder
 * (`quantize_row_q8_0_ref`): scale = max|x| / 127, halves round away from zero, and rounding uses the scale before it becomes float16.
 */
export const q8_0: QuantizationScheme = {
  name: 'q8_0',
  blockElements,
  planes: [{ name: 'blocks', bytesPerBlock }],
  gguf: { type: 'Q8_0', fileType: 7 },
  encode(values) {
    const bytes = new Uint8Array((values.length / blockElements) * bytesPerBlock);
    for (let start = 0, at = 0; start < values.length; start += blockElements, at += bytesPerBlock) {
      let largest = 0;
      for (let i = start; i < start + blockElements; i += 1) {
        const magnitude = Math.abs(values[i]!);
        if (magnitude > largest) largest = magnitude;
      }
      const scale = fround(largest / 127);
      const inverse = scale === 0 ? 0 : fround(1 / scale);
      const bits = float16Bits(scale);
      bytes[at] = bits;
      bytes[at + 1] = bits >> 8;
      // A scale so small that its reciprocal is infinite is stored as zero: so is the block.
      if (inverse === Infinity) continue;
      for (let i = 0; i < blockElements; i += 1) {
        const scaled = fround(values[start + i]! * inverse);
        bytes[at + 2 + i] = scaled < 0 ? -((0.5 - scaled) | 0) : (scaled + 0.5) | 0;
      }
    }
    return [bytes];
  },
  decode: ([bytes], count) => dequantizeGguf('Q8_0', bytes!, count),
};
