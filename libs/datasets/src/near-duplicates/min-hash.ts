/** Bytes of a signature: one for each part of the shingles. */
export const signatureBytes = 128;

/** Characters of a shingle. Characters rather than words: one word changed in a short instruction would change most of its word shingles. */
const shingleLength = 5;
const base = 0x01000193;
const blank = 0x20;
const empty = 0x7fffffff;
const { imul } = Math;
/** What a character weighs in the hash when it leaves the shingle: the base to the power of its length. */
const leaving = Array.from({ length: shingleLength }).reduce<number>((product) => imul(product, base), 1);

/**
 * Signatures of texts: the share of equal bytes in two of them estimates the share of shingles (runs of five characters) that their texts have in
 * common, |A ∩ B| / |A ∪ B|. Case, punctuation and the kind and number of blanks do not count.
 *
 * Each shingle is hashed once, into one of 128 parts that each keep their smallest hash; a part without any borrows that of another one (Shrivastava
 * 2017, "Optimal densification for fast and accurate minwise hashing"). Of each smallest hash one byte is kept (Li and König 2010, "b-bit minwise
 * hashing"), which is why unrelated texts agree in one byte of 256; `resemblance` takes that off.
 */
export class MinHash {
  private readonly smallest = new Int32Array(signatureBytes);
  private letters = new Uint16Array(4096);

  /** Writes the signature of a text to `into`, 128 bytes. */
  sign(text: string, into: Uint8Array): void {
    this.smallest.fill(empty);
    const length = this.readLetters(text.toLowerCase());
    const { letters } = this;
    let hash = 0;
    const first = Math.min(length, shingleLength);
    for (let index = 0; index < first; index += 1) hash = (imul(hash, base) + letters[index]!) | 0;
    // Shorter than a shingle: the whole of it is one. Of signs alone: what stands there.
    this.keep(length === 0 ? hashText(text) : hash);
    for (let index = shingleLength; index < length; index += 1) {
      hash = (imul(hash, base) + letters[index]! - imul(letters[index - shingleLength]!, leaving)) | 0;
      this.keep(hash);
    }
    this.write(into);
  }

  /** Puts letters and digits, with one blank where anything else stands between them, into `letters`; returns how many there are. */
  private readLetters(text: string): number {
    if (this.letters.length < text.length) this.letters = new Uint16Array(2 * text.length);
    const { letters } = this;
    let length = 0;
    let last: number = blank;
    for (let index = 0; index < text.length; index += 1) {
      const code = plain(text.charCodeAt(index));
      if (code === blank && last === blank) continue;
      letters[length] = code;
      length += 1;
      last = code;
    }
    return last === blank && length > 0 ? length - 1 : length;
  }

  private keep(shingle: number): void {
    const mixed = mix(shingle);
    const part = mixed & (signatureBytes - 1);
    const rank = mixed >>> 7;
    if (rank < this.smallest[part]!) this.smallest[part] = rank;
  }

  private write(into: Uint8Array): void {
    const { smallest } = this;
    for (let part = 0; part < signatureBytes; part += 1) {
      let rank = smallest[part]!;
      // Which part it borrows from hangs on the part and the attempt alone, so that two texts ask the same parts.
      for (let attempt = 1; rank === empty; attempt += 1) rank = smallest[mix(imul(part + 1, 0x9e3779b1) + attempt) & (signatureBytes - 1)]!;
      // The part goes into the byte: where parts borrow, one chance agreement must not be many.
      into[part] = mix(rank ^ imul(part + 1, 0x85ebca6b)) >>> 24;
    }
  }
}

/** The estimated share of common shingles of the texts with the signatures at two places. */
export function resemblance(left: Uint8Array, leftStart: number, right: Uint8Array, rightStart: number): number {
  let equal = 0;
  for (let part = 0; part < signatureBytes; part += 1) if (left[leftStart + part] === right[rightStart + part]) equal += 1;
  return Math.max(0, (equal / signatureBytes - 1 / 256) / (1 - 1 / 256));
}

/** Letters and digits stay; everything else of Latin, and the blanks and signs of general punctuation, become a blank. */
function plain(code: number): number {
  if (code < 0x80) return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) ? code : blank;
  return code < 0xc0 || (code >= 0x2000 && code <= 0x206f) || (code >= 0x3000 && code <= 0x303f) || (code >= 0xff00 && code <= 0xff0f) ? blank : code;
}

function hashText(text: string): number {
  let hash = 1;
  for (let index = 0; index < text.length; index += 1) hash = (imul(hash, base) + text.charCodeAt(index)) | 0;
  return hash;
}

/** The finalizer of MurmurHash3: each bit of the input reaches each of the output. */
function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
