import { packCodes, packedLength, unpackCodes } from './pack-codes.js';

test.each([1, 2, 3, 4, 5, 6, 7, 8])('codes of %d bits come back from as few bytes as hold them', (bits) => {
  for (const length of [0, 1, 7, 8, 61]) {
    const codes = Uint8Array.from({ length }, (_, index) => (index * 37 + 11) & ((1 << bits) - 1));
    const packed = packCodes(codes, bits);
    expect(packed).toHaveLength(packedLength(length, bits));
    expect(unpackCodes(packed, bits, length)).toEqual(codes);
  }
});
