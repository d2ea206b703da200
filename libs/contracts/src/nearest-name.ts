/** The known name that a wrong one is most likely meant to be: the fewest insertions, deletions and replacements away (Levenshtein), the first of equals. */
export function nearestName(wrong: string, known: readonly string[]): string | undefined {
  return known.map((name) => ({ name, away: distance(wrong.toLowerCase(), name.toLowerCase()) })).toSorted((one, other) => one.away - other.away)[0]?.name;
}

/** `: did you mean "NAME"?` behind a refusal that lists what is known; nothing where no known name is much like the wrong one. */
export function suggestion(wrong: string, known: readonly string[]): string {
  const name = nearestName(wrong, known);
  if (name === undefined) return '';
  const away = distance(wrong.toLowerCase(), name.toLowerCase());
  return away <= Math.max(2, wrong.length / 3) && away < wrong.length ? `: did you mean "${name}"?` : '';
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
