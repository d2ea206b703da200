/** Cohen's kappa (1960) of two raters over the items that both graded; undefined where there is none, or where both say one grade alone. */
export function cohenKappa<Grade>(pairs: readonly (readonly [Grade, Grade])[]): number | undefined {
  if (pairs.length === 0) return undefined;
  const agreed = pairs.filter(([left, right]) => left === right).length / pairs.length;
  const share = (side: 0 | 1, grade: Grade): number => pairs.filter((pair) => pair[side] === grade).length / pairs.length;
  const byChance = [...new Set(pairs.flat())].reduce((sum, grade) => sum + share(0, grade) * share(1, grade), 0);
  return byChance === 1 ? undefined : (agreed - byChance) / (1 - byChance);
}

/**
 * Fleiss' kappa (1971) of several raters: `counts` has for each item how many raters gave each grade, as many raters for every item. Undefined for fewer
 * than two raters, no item, or one grade alone.
 */
export function fleissKappa(counts: readonly (readonly number[])[]): number | undefined {
  const raters = counts[0]?.reduce((sum, count) => sum + count, 0) ?? 0;
  if (raters < 2) return undefined;
  if (counts.some((item) => item.reduce((sum, count) => sum + count, 0) !== raters)) throw new RangeError('expected as many raters for every item');
  const observed = counts.reduce((sum, item) => sum + (item.reduce((squares, count) => squares + count * count, 0) - raters) / (raters * (raters - 1)), 0) / counts.length;
  const shares = counts[0]!.map((_, grade) => counts.reduce((sum, item) => sum + item[grade]!, 0) / (counts.length * raters));
  const byChance = shares.reduce((sum, share) => sum + share * share, 0);
  return byChance === 1 ? undefined : (observed - byChance) / (1 - byChance);
}
