/** Codes of `bits` bits (1 to 8) one after the other, the lowest bit first, in as few bytes as hold them. */
export function packCodes(codes: Uint8Array, bits: number): Uint8Array {
  if (bits === 8) return codes;
  const packed = new Uint8Array(packedLength(codes.length, bits));
  let [held, count, at] = [0, 0, 0];
  for (const code of codes) {
    held |= code << count;
    count += bits;
    while (count >= 8) {
      packed[at++] = held & 255;
      held >>>= 8;
      count -= 8;
    }
  }
  if (count > 0) packed[at] = held;
  return packed;
}

/** The reverse, for so many codes. */
export function unpackCodes(packed: Uint8Array, bits: number, length: number): Uint8Array {
  if (bits === 8) return packed;
  const codes = new Uint8Array(length);
  const mask = (1 << bits) - 1;
  let [held, count, at] = [0, 0, 0];
  for (let index = 0; index < length; index += 1) {
    if (count < bits) {
      held |= packed[at++]! << count;
      count += 8;
    }
    codes[index] = held & mask;
    held >>>= bits;
    count -= bits;
  }
  return codes;
}

export function packedLength(length: number, bits: number): number {
  return Math.ceil((length * bits) / 8);
}
