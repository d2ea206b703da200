import type { BlockDecoder } from './dequantize-gguf.js';

// Blocks of 32 (ggml-quants.c). A product of a float16 scale and a level has at most 19 significant bits, so it is exact in float32, and
// storing the sum into a Float32Array rounds once: the same bits as the reference, which rounds after each step.

/** `scale * (level - 8)`; element i is the low nibble of byte i, element i + 16 its high nibble. */
export const decodeQ4_0: BlockDecoder = (bytes, half, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 18, o += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let i = 0; i < 16; i += 1) {
      const packed = bytes[at + 2 + i]!;
      out[o + i] = scale * ((packed & 15) - 8);
      out[o + 16 + i] = scale * ((packed >> 4) - 8);
    }
  }
};

/** `scale * level + minimum`. */
export const decodeQ4_1: BlockDecoder = (bytes, half, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 20, o += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let i = 0; i < 16; i += 1) {
      const packed = bytes[at + 4 + i]!;
      out[o + i] = scale * (packed & 15) + minimum;
      out[o + 16 + i] = scale * (packed >> 4) + minimum;
    }
  }
};

/** `scale * (level - 16)`; the fifth bit of element i is bit i of a 32-bit word. */
export const decodeQ5_0: BlockDecoder = (bytes, half, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 22, o += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const high = bytes[at + 2]! | (bytes[at + 3]! << 8) | (bytes[at + 4]! << 16) | (bytes[at + 5]! << 24);
    for (let i = 0; i < 16; i += 1) {
      const packed = bytes[at + 6 + i]!;
      out[o + i] = scale * (((packed & 15) | (((high >>> i) & 1) << 4)) - 16);
      out[o + 16 + i] = scale * (((packed >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
    }
  }
};

/** `scale * level + minimum`, five bits. */
export const decodeQ5_1: BlockDecoder = (bytes, half, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 24, o += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    const high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    for (let i = 0; i < 16; i += 1) {
      const packed = bytes[at + 8 + i]!;
      out[o + i] = scale * ((packed & 15) | (((high >>> i) & 1) << 4)) + minimum;
      out[o + 16 + i] = scale * ((packed >> 4) | (((high >>> (i + 16)) & 1) << 4)) + minimum;
    }
  }
};

/** `scale * level`, a signed byte each. */
export const decodeQ8_0: BlockDecoder = (bytes, half, out) => {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, o = 0; at < bytes.length; at += 34, o += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let i = 0; i < 32; i += 1) out[o + i] = scale * signed[at + 2 + i]!;
  }
};

const nonLinearLevels = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/** `scale * levels[nibble]`, with sixteen unevenly spaced levels. */
export const decodeIq4Nl: BlockDecoder = (bytes, half, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 18, o += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let i = 0; i < 16; i += 1) {
      const packed = bytes[at + 2 + i]!;
      out[o + i] = scale * nonLinearLevels[packed & 15]!;
      out[o + 16 + i] = scale * nonLinearLevels[packed >> 4]!;
    }
  }
};
