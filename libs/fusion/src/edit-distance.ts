/** Bits of the numbers that JavaScript's bit operators work on. */
const wordBits = 32;

/**
 * How many bytes must be put in, taken out or changed to make one string of another (Levenshtein), from one string, the pattern, to many.
 *
 * A column of the table at a time, its differences as bits of two words (G. Myers 1999, in the form of H. Hyyrö 2003): a byte costs a dozen
 * operations. Where both strings are longer than a word, the table itself.
 */
export class EditDistance {
  /** Of each byte, where in the pattern it stands. */
  private readonly places = new Int32Array(256);
  private pattern: Uint8Array = new Uint8Array(0);

  from(pattern: Uint8Array): this {
    for (const byte of this.pattern) this.places[byte] = 0;
    this.pattern = pattern;
    if (pattern.length <= wordBits) for (let place = 0; place < pattern.length; place += 1) this.places[pattern[place]!]! |= 1 << place;
    return this;
  }

  /** To the bytes of `texts` from `start` to `end`. */
  to(texts: Uint8Array, start = 0, end = texts.length): number {
    const { pattern, places } = this;
    if (pattern.length > wordBits) return editTable(pattern, texts.subarray(start, end));
    if (pattern.length === 0) return end - start;
    const last = 1 << (pattern.length - 1);
    let [up, down, distance] = [-1, 0, pattern.length]; // differences between neighbours of the column: +1 or -1
    for (let at = start; at < end; at += 1) {
      const equal = places[texts[at]!]!;
      const vertical = equal | down;
      const horizontal = (((equal & up) + up) ^ up) | equal;
      let rises = down | ~(horizontal | up);
      const falls = up & horizontal;
      if ((rises & last) !== 0) distance += 1;
      else if ((falls & last) !== 0) distance -= 1;
      rises = (rises << 1) | 1;
      up = (falls << 1) | ~(vertical | rises);
      down = rises & vertical;
    }
    return distance;
  }
}

function editTable(one: Uint8Array, other: Uint8Array): number {
  let row = Int32Array.from({ length: other.length + 1 }, (_, place) => place);
  for (let at = 0; at < one.length; at += 1) {
    const next = new Int32Array(row.length);
    next[0] = at + 1;
    for (let place = 0; place < other.length; place += 1) {
      next[place + 1] = Math.min(row[place]! + (one[at] === other[place] ? 0 : 1), row[place + 1]! + 1, next[place]! + 1);
    }
    row = next;
  }
  return row.at(-1)!;
}
