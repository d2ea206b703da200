/** Causal attention as the formula has it, one number at a time: the reference of the specs. Shapes [tokens][heads][headDim]. */
export function naiveAttention(
  query: number[][][],
  key: number[][][],
  value: number[][][],
  { boundaries, scale, window = null, softcap = null }: { boundaries: readonly number[]; scale: number; window?: number | null; softcap?: number | null },
): number[][][] {
  return query.map((heads, token) => {
    const begin = boundaries.findLast((boundary) => boundary <= token) ?? 0;
    const first = window === null ? begin : Math.max(begin, token - window + 1);
    return heads.map((q, head) => {
      const shared = Math.floor(head / (heads.length / (key[0]?.length ?? 1)));
      const places = Array.from({ length: token - first + 1 }, (_, index) => first + index);
      const scores = places.map((place) => {
        const score = scale * q.reduce((sum, number, index) => sum + number * (key[place]?.[shared]?.[index] ?? NaN), 0);
        return softcap === null ? score : softcap * Math.tanh(score / softcap);
      });
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return q.map((_, index) => places.reduce((sum, place, at) => sum + ((weights[at] ?? NaN) / total) * (value[place]?.[shared]?.[index] ?? NaN), 0));
    });
  });
}

/** [rows][columns][depth] of a flat row-major list. */
export function nested(flat: readonly number[], columns: number, depth: number): number[][][] {
  return Array.from({ length: flat.length / (columns * depth) }, (_, row) =>
    Array.from({ length: columns }, (_unused, column) => flat.slice((row * columns + column) * depth, (row * columns + column + 1) * depth)),
  );
}
