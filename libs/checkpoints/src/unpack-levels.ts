/**
 * The levels of a matrix whose columns are packed downwards into 32-bit words, `words` [ceil(count · bits / 32), width], as unsigned numbers [count, width]: level i of a
 * column is the `bits` bits from bit i · bits on of its words, which follow one another without gaps. The layout of GPTQ and, row by row (width 1), of compressed-tensors.
 */
export function unpackLevels(words: Int32Array, bits: number, count: number, width: number): Uint8Array {
  const levels = new Uint8Array(count * width);
  const mask = (1 << bits) - 1;
  for (let i = 0; i < count; i += 1) {
    const bit = i * bits;
    const low = (bit >> 5) * width;
    const shift = bit & 31;
    const missing = shift + bits - 32;
    for (let j = 0; j < width; j += 1) {
      const level = words[low + j]! >>> shift;
      levels[i * width + j] = (missing > 0 ? level | (words[low + width + j]! << (bits - missing)) : level) & mask;
    }
  }
  return levels;
}
