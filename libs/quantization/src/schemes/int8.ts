import type { BlockScheme } from './block-scheme.js';

const blockElements = 32;

/**
 * MatMulNBits and GatherBlockQuantized of ONNX Runtime, 8 bits in blocks of 32, symmetric: `value = scale * (q - 128)`, float32 scales;
 * 9 bits a weight. For the embedding and the output head, where the errors of 4 bits cost most.
 */
export const int8: BlockScheme = {
  name: 'int8',
  blockElements,
  planes: [
    { name: 'values', bytesPerBlock: blockElements },
    { name: 'scales', bytesPerBlock: 4 },
  ],
  matMulNBits: { bits: 8, blockSize: blockElements },
  encode(values) {
    const blocks = values.length / blockElements;
    const levels = new Uint8Array(values.length);
    const scales = new Float32Array(blocks);
    for (let block = 0; block < blocks; block += 1) {
      const start = block * blockElements;
      let largest = 0;
      for (let i = start; i < start + blockElements; i += 1) {
        const magnitude = Math.abs(values[i]!);
        if (magnitude > largest) largest = magnitude;
      }
      scales[block] = largest / 127;
      const inverse = 1 / scales[block]!;
      // A block of zeros, or of numbers too small to be divided by: zeros.
      const factor = Number.isFinite(inverse) ? inverse : 0;
      for (let i = start; i < start + blockElements; i += 1) levels[i] = Math.min(255, (values[i]! * factor + 128.5) | 0);
    }
    return [levels, new Uint8Array(scales.buffer)];
  },
  decode([levels, scaleBytes], count) {
    const scales = new Float32Array(scaleBytes!.slice().buffer);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i += 1) values[i] = scales[(i / blockElements) | 0]! * (levels![i]! - 128);
    return values;
  },
};
