import { beyondFloat16 } from './float16.js';
import type { QuantizationScheme } from './quantization-scheme.js';

/** IEEE binary16, rounded to nearest even. A weight beyond its range is refused: it would become infinite. */
export const f16: QuantizationScheme = {
  name: 'f16',
  blockElements: 1,
  planes: [{ name: 'blocks', bytesPerBlock: 2 }],
  gguf: { type: 'F16', fileType: 1 },
  encode(values) {
    const encoded = new Float16Array(values);
    for (let i = 0; i < encoded.length; i += 1) {
      if (!Number.isFinite(encoded[i])) throw beyondFloat16(values[i]!, 'A weight');
    }
    return [new Uint8Array(encoded.buffer)];
  },
  decode: ([bytes], count) => Float32Array.from(new Float16Array(bytes!.slice().buffer, 0, count)),
};
