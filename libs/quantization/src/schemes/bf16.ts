import { bfloat16FromFloat32, float32FromBfloat16 } from '@tunesmith/checkpoints';
import type { QuantizationScheme } from './quantization-scheme.js';

/** The upper half of binary32, rounded to nearest even: what the models are trained in. */
export const bf16: QuantizationScheme = {
  name: 'bf16',
  blockElements: 1,
  planes: [{ name: 'blocks', bytesPerBlock: 2 }],
  gguf: { type: 'BF16', fileType: 32 },
  encode(values) {
    const encoded = bfloat16FromFloat32(values);
    return [new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.byteLength)];
  },
  decode: ([bytes], count) => float32FromBfloat16(new Uint16Array(bytes!.slice().buffer, 0, count)),
};
