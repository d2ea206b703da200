import type { QuantizationScheme } from './quantization-scheme.js';

/** IEEE binary32, as it is. */
export const f32: QuantizationScheme = {
  name: 'f32',
  blockElements: 1,
  planes: [{ name: 'blocks', bytesPerBlock: 4 }],
  gguf: { type: 'F32', fileType: 0 },
  encode: (values) => [new Uint8Array(values.slice().buffer)],
  decode: ([bytes], count) => new Float32Array(bytes!.slice().buffer, 0, count),
};
