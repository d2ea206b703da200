/**
 * An answer that a limit cut off, up to its last whole sentence; as it is where it has none. A model tuned on text that
 * stops in the middle learns to stop in the middle.
 */
export function finishedText(text: string): string {
  const ends = [...text.matchAll(/[.!?…。！？]["'”’)\]]*(?=\s|$)/g)];
  // "1." and the like number a list: they end nothing.
  const end = ends.filter((match) => !/(^|\n)\s*\d+$/.test(text.slice(0, match.index))).at(-1);
  return (end ? text.slice(0, end.index + end[0].length) : text).trimEnd();
}
