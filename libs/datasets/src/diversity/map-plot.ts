import { escapeXml, svgPicture } from '@tunesmith/pictures';
import { twoSets } from './two-sets.js';

export interface MappedSet {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

const size = 560;
const area = { left: 20, right: size - 20, top: 52, bottom: size - 20 };

/** Points of two sets in one plane; the axes mean nothing by themselves. */
export function mapPlot(title: string, series: readonly [MappedSet, MappedSet]): string {
  const all = series.flatMap(({ points }) => points);
  const range = (axis: 0 | 1): [number, number] => [Math.min(...all.map((point) => point[axis])), Math.max(...all.map((point) => point[axis]))];
  const [[left, right], [low, high]] = [range(0), range(1)];
  const x = (value: number): string => (area.left + ((value - left) / (right - left || 1)) * (area.right - area.left)).toFixed(1);
  const y = (value: number): string => (area.bottom - ((value - low) / (high - low || 1)) * (area.bottom - area.top)).toFixed(1);
  return svgPicture({ title, width: size, height: size, style: twoSets, body: [
    `<text x="${area.left}" y="20" class="title">${escapeXml(title)}</text>`,
    ...series.map(({ name }, index) => `<circle class="${index === 0 ? 'first' : 'second'}" cx="${area.left + 6 + index * 180}" cy="36" r="5"/><text x="${area.left + 18 + index * 180}" y="40">${escapeXml(name)}</text>`),
    ...series.flatMap(({ points }, index) => points.map(([px, py]) => `<circle class="${index === 0 ? 'first' : 'second'}" cx="${x(px)}" cy="${y(py)}" r="3" fill-opacity="0.6"/>`)),
  ] });
}
