/**
 * Packs the columns of a matrix of levels [count, width] downwards into 32-bit words [ceil(count · bits / 32), width]: level i takes the `bits` bits from bit i · bits on, over word
 * borders where they come. What fills up the last word is zero.
 */
export function packLevels(levels: Uint8Array, bits: number, count: number, width: number): Int32Array {
  const words = new Int32Array(Math.ceil((count * bits) / 32) * width);
  for (let i = 0; i < count; i += 1) {
    const bit = i * bits;
    const low = (bit >> 5) * width;
    const shift = bit & 31;
    const split = shift + bits > 32;
    for (let j = 0; j < width; j += 1) {
      const level = levels[i * width + j]!;
      words[low + j]! |= level << shift;
      if (split) words[low + width + j]! |= level >>> (32 - shift);
    }
  }
  return words;
}
