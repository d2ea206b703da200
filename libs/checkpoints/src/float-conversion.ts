/**
 * float32 to bfloat16: the upper half of the bits, rounded to nearest, ties to even. NaN stays NaN and becomes quiet; what exceeds
 * the range becomes infinite. `out` receives the result where it is given.
 */
export function bfloat16FromFloat32(values: Float32Array, out: Uint16Array = new Uint16Array(values.length)): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i += 1) {
    const word = bits[i]!;
    out[i] = (word & 0x7fffffff) > 0x7f800000 ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return out;
}

/** bfloat16 to float32; exact. */
export function float32FromBfloat16(values: Uint16Array, out: Float32Array = new Float32Array(values.length)): Float32Array {
  const bits = new Uint32Array(out.buffer, out.byteOffset, values.length);
  for (let i = 0; i < values.length; i += 1) bits[i] = values[i]! << 16;
  return out;
}

/** float32 to IEEE binary16, rounded to nearest, ties to even. NaN stays NaN; what exceeds 65504 becomes infinite. */
export function float16FromFloat32(values: Float32Array): Uint16Array {
  return new Uint16Array(new Float16Array(values).buffer);
}

/** IEEE binary16 to float32; exact. */
export function float32FromFloat16(values: Uint16Array, out: Float32Array = new Float32Array(values.length)): Float32Array {
  out.set(new Float16Array(values.buffer, values.byteOffset, values.length));
  return out;
}

/** True where no element of the tensor's bytes is NaN or infinite. Float types of safetensors only. */
export function isFinite16Or32(dtype: 'F32' | 'F16' | 'BF16', bytes: Uint8Array): boolean {
  if (dtype === 'F32') {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
    for (let i = 0; i < words.length; i += 1) if ((words[i]! & 0x7f800000) === 0x7f800000) return false;
    return true;
  }
  const exponent = dtype === 'BF16' ? 0x7f80 : 0x7c00;
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
  for (let i = 0; i < halves.length; i += 1) if ((halves[i]! & exponent) === exponent) return false;
  return true;
}
