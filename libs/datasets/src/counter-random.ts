/**
 * Philox4x32-10: four random words as a pure function of a key and a counter (Salmon, Moraes, Dror, Shaw 2011, "Parallel
 * random numbers: as easy as 1, 2, 3"). Nothing has to be saved to go on after an interruption: the counter says where one is.
 */
export function philox(key: readonly [number, number], counter: readonly [number, number, number, number]): [number, number, number, number] {
  let [key0, key1] = key;
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < 10; round += 1) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0];
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** A number in [0, 1) with 53 random bits, by seed and place: the same place always has the same number. */
export function counterUniform(seed: number, stream: number, place: number): number {
  const [high, low] = philox([seed, stream], [place >>> 0, Math.floor(place / 2 ** 32), 0, 0]);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

/** The upper half of a 32 by 32 bit product. */
function multiplyHigh(left: number, right: number): number {
  const leftLow = left & 0xffff;
  const leftHigh = left >>> 16;
  const rightLow = right & 0xffff;
  const rightHigh = right >>> 16;
  const middle = leftHigh * rightLow + ((leftLow * rightLow) >>> 16);
  const carry = (middle & 0xffff) + leftLow * rightHigh;
  return (leftHigh * rightHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}
