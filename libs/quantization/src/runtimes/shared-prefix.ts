/** How many tokens two rows begin with alike, at most `most`. */
export function sharedLength(one: readonly number[], other: readonly number[], most = Infinity): number {
  const end = Math.min(one.length, other.length, most);
  let length = 0;
  while (length < end && one[length] === other[length]) length += 1;
  return length;
}

/** How many tokens of a row are read before the first place that something is asked of: these need not be read again where they were read already. The last token always is. */
export function readUnasked(tokenIds: readonly number[], asked: readonly (readonly number[])[]): number {
  const first = asked.findIndex((tokens, place) => place > 0 && tokens.length > 0);
  return Math.max(0, (first < 0 ? tokenIds.length : first) - 1);
}

/** Brings rows that begin alike together: by their tokens, then by their length. */
export function compareRows(one: readonly number[], other: readonly number[]): number {
  const place = sharedLength(one, other);
  return (one[place] ?? -1) - (other[place] ?? -1);
}
