import { colours } from './colours.js';
import { escapeXml } from './escape-xml.js';
import { shorten } from './shorten.js';
import { svgPicture } from './svg-picture.js';
import { niceTicks, tickLabel } from './ticks.js';

export interface RadarChart {
  readonly title: string;
  /** One ray for each; three at least make a picture. */
  readonly axes: readonly string[];
  /** One outline for each, with a value on each ray; null where there is none: the outline then leaves the ray out. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

const size = 560;
const middle = size / 2;
const reach = 180;

/** Values on rays from a middle, joined to an outline: where one is strong and where weak. All rays have one scale, from zero, or from the least value where some are below zero. */
export function radarChart({ title, axes, series }: RadarChart): string {
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const ticks = niceTicks(Math.min(0, ...known), Math.max(0, ...known), 4);
  const [least, most] = [ticks[0]!, ticks.at(-1)!];
  const top = 44 + Math.ceil(series.length / 3) * 18;
  const at = (place: number, part: number): readonly [x: number, y: number] => {
    const angle = (place / Math.max(1, axes.length)) * 2 * Math.PI - Math.PI / 2;
    return [middle + Math.cos(angle) * reach * part, top + middle + Math.sin(angle) * reach * part];
  };
  const partOf = (value: number): number => (value - least) / (most - least);
  const pair = ([x, y]: readonly [number, number]): string => `${x.toFixed(1)},${y.toFixed(1)}`;
  return svgPicture({
    title, width: size, height: top + size,
    style: ['  .ring { fill: none; }'],
    body: [
      `<text x="20" y="22" class="title">${escapeXml(title)}</text>`,
      ...series.map(({ name }, index) => {
        const [x, y] = [20 + (index % 3) * 176, 34 + Math.floor(index / 3) * 18];
        return `<rect x="${x}" y="${y}" width="12" height="12" fill="${colours[index % colours.length]}"/><text x="${x + 17}" y="${y + 10}">${escapeXml(name)}</text>`;
      }),
      ...ticks.map((tick) => `<polygon class="grid ring" points="${axes.map((_, place) => pair(at(place, partOf(tick)))).join(' ')}"/>`),
      ...axes.map((axis, place) => {
        const [[x, y], [textX, textY]] = [at(place, 1), at(place, 1.08)];
        const anchor = Math.abs(textX - middle) < 8 ? 'middle' : textX > middle ? 'start' : 'end';
        return `<line class="grid" x1="${middle}" y1="${top + middle}" x2="${x.toFixed(1)}" y2="${y.toFixed(1)}"/><text x="${textX.toFixed(1)}" y="${(textY + 4).toFixed(1)}" text-anchor="${anchor}">${escapeXml(shorten(axis, 16))}</text>`;
      }),
      ...ticks.map((tick) => `<text x="${middle + 4}" y="${(at(0, partOf(tick))[1] + 4).toFixed(1)}">${tickLabel(tick)}</text>`),
      ...series.flatMap(({ name, values }, index) => {
        const colour = colours[index % colours.length];
        const points = axes.flatMap((axis, place) => (values[place] === null || values[place] === undefined ? [] : [{ axis, value: values[place], point: at(place, partOf(values[place])) }]));
        const outline = `<polygon points="${points.map(({ point }) => pair(point)).join(' ')}" fill="${colour}" fill-opacity="0.12" stroke="${colour}" stroke-width="2"/>`;
        return [outline, ...points.map(({ axis, value, point: [x, y] }) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3" fill="${colour}"><title>${escapeXml(`${name}, ${axis}: ${value}`)}</title></circle>`)];
      }),
    ],
  });
}
