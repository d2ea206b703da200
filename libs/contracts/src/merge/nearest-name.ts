/** The known name that a wrong one is most likely meant to be: the fewest insertions, deletions and replacements away (Levenshtein), the first of equals. */
export function nearestName(wrong: string, known: readonly string[]): string | undefined {
  return known.map((name) => ({ name, away: distance(wrong.toLowerCase(), name.toLowerCase()) })).toSorted((one, other) => one.away - other.away)[0]?.name;
}

function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[to.length]!;
}
