/** More points than this cannot be told apart. */
const mostPoints = 600;

/** Place (from 1) and value of those that are finite; of a long series the lowest and the highest of each part, so that no peak is lost. */
export function thinned(values: readonly number[]): (readonly [number, number])[] {
  const points = values.map((value, index) => [index + 1, value] as const).filter(([, value]) => Number.isFinite(value));
  if (points.length <= mostPoints) return points;
  const size = Math.ceil(points.length / (mostPoints / 2));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, part) => points.slice(part * size, (part + 1) * size)).flatMap((part) => {
    const lowest = part.reduce((low, point) => (point[1] < low[1] ? point : low));
    const highest = part.reduce((high, point) => (point[1] > high[1] ? point : high));
    return lowest[0] === highest[0] ? [lowest] : [lowest, highest].sort((a, b) => a[0] - b[0]);
  });
}
