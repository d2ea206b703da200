import type { BlockDecoder } from './dequantize-gguf.js';

// Super-blocks of 256 (ggml-quants.c, block_q2_K to block_q6_K). Products are exact in float32 as in the simple blocks, and a difference
// of two float32 numbers computed in double and stored as float32 rounds the same as one computed in float32.

/** Sub-blocks of 16: `scale * (s & 15) * level - minimum * (s >> 4)`, two bits a level. */
export const decodeQ2_K: BlockDecoder = (bytes, half, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 84, o += 256) {
    const scale = half[bytes[at + 80]! | (bytes[at + 81]! << 8)]!;
    const minimum = half[bytes[at + 82]! | (bytes[at + 83]! << 8)]!;
    for (let block = 0; block < 16; block += 1) {
      const packedScale = bytes[at + block]!;
      const step = scale * (packedScale & 15);
      const offset = minimum * (packedScale >> 4);
      const first = at + 16 + (block >> 3) * 32 + (block & 1) * 16;
      const shift = 2 * ((block >> 1) & 3);
      for (let i = 0; i < 16; i += 1) out[o + block * 16 + i] = step * ((bytes[first + i]! >> shift) & 3) - offset;
    }
  }
};

/** Sub-blocks of 16: `scale * (s - 32) * (level - (high bit ? 0 : 4))`, six-bit scales packed into twelve bytes. */
export const decodeQ3_K: BlockDecoder = (bytes, half, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 110, o += 256) {
    const scale = half[bytes[at + 108]! | (bytes[at + 109]! << 8)]!;
    for (let block = 0; block < 16; block += 1) {
      const low = (bytes[at + 96 + (block & 7)]! >> (4 * (block >> 3))) & 15;
      const high = (bytes[at + 96 + 8 + (block & 3)]! >> (2 * (block >> 2))) & 3;
      const step = scale * ((low | (high << 4)) - 32);
      const column = (block & 1) * 16;
      const first = at + 32 + (block >> 3) * 32 + column;
      const shift = 2 * ((block >> 1) & 3);
      const mask = 1 << (block >> 1);
      for (let i = 0; i < 16; i += 1) {
        const level = (bytes[first + i]! >> shift) & 3;
        out[o + block * 16 + i] = step * (bytes[at + column + i]! & mask ? level : level - 4);
      }
    }
  }
};

/** Sub-blocks of 32: `scale * s * level - minimum * m`, four bits a level. */
export const decodeQ4_K: BlockDecoder = (bytes, half, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 144, o += 256) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let block = 0; block < 8; block += 1) {
      const step = scale * sixBitScale(bytes, at + 4, block);
      const offset = minimum * sixBitMinimum(bytes, at + 4, block);
      const first = at + 16 + (block >> 1) * 32;
      const shift = 4 * (block & 1);
      for (let i = 0; i < 32; i += 1) out[o + block * 32 + i] = step * ((bytes[first + i]! >> shift) & 15) - offset;
    }
  }
};

/** As Q4_K with a fifth bit: bit `block` of byte i of the high bits. */
export const decodeQ5_K: BlockDecoder = (bytes, half, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 176, o += 256) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let block = 0; block < 8; block += 1) {
      const step = scale * sixBitScale(bytes, at + 4, block);
      const offset = minimum * sixBitMinimum(bytes, at + 4, block);
      const first = at + 48 + (block >> 1) * 32;
      const shift = 4 * (block & 1);
      for (let i = 0; i < 32; i += 1) {
        const level = ((bytes[first + i]! >> shift) & 15) | (((bytes[at + 16 + i]! >> block) & 1) << 4);
        out[o + block * 32 + i] = step * level - offset;
      }
    }
  }
};

/** Sub-blocks of 16: `scale * s * (level - 32)`, six bits a level, signed byte scales. */
export const decodeQ6_K: BlockDecoder = (bytes, half, out) => {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, o = 0; at < bytes.length; at += 210, o += 256) {
    const scale = half[bytes[at + 208]! | (bytes[at + 209]! << 8)]!;
    for (let block = 0; block < 16; block += 1) {
      const step = scale * signed[at + 192 + block]!;
      const group = (block >> 1) & 3;
      const column = (block & 1) * 16;
      const low = at + (block >> 3) * 64 + (group & 1) * 32 + column;
      const lowShift = 4 * (group >> 1);
      const high = at + 128 + (block >> 3) * 32 + column;
      const highShift = 2 * group;
      for (let i = 0; i < 16; i += 1) {
        const level = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4);
        out[o + block * 16 + i] = step * (level - 32);
      }
    }
  }
};

function sixBitScale(bytes: Uint8Array, at: number, block: number): number {
  return block < 4 ? bytes[at + block]! & 63 : (bytes[at + block + 4]! & 15) | ((bytes[at + block - 4]! >> 6) << 4);
}

function sixBitMinimum(bytes: Uint8Array, at: number, block: number): number {
  return block < 4 ? bytes[at + block + 4]! & 63 : (bytes[at + block + 4]! >> 4) | ((bytes[at + block]! >> 6) << 4);
}
