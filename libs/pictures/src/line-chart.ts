import { colours } from './colours.js';
import { escapeXml } from './escape-xml.js';
import { svgPicture } from './svg-picture.js';
import { thinned } from './thinned.js';
import { niceTicks, tickLabel } from './ticks.js';

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** One colour for each; its lines are runs of the same thing. A line's values stand at 1, 2, … */
  readonly series: readonly { readonly name: string; readonly lines: readonly (readonly number[])[] }[];
}

const width = 860;
const height = 440;
const left = 72;
const right = width - 20;
const bottom = height - 52;

/** Lines over whole numbers: losses over steps. What is not finite is left out. */
export function lineChart({ title, xLabel, yLabel, series }: LineChart): string {
  const top = 44 + Math.ceil(series.length / 5) * 18;
  const drawn = series.map(({ lines }) => lines.map(thinned));
  const points = drawn.flat(2);
  const last = Math.max(1, ...points.map(([place]) => place));
  const places = niceTicks(0, last, 8).filter((tick) => Number.isInteger(tick));
  const ticks = niceTicks(Math.min(...points.map(([, value]) => value)), Math.max(...points.map(([, value]) => value)), 6);
  const x = (place: number): string => (left + (place / Math.max(last, places.at(-1)!)) * (right - left)).toFixed(1);
  const y = (value: number): string => (bottom - ((value - ticks[0]!) / (ticks.at(-1)! - ticks[0]!)) * (bottom - top)).toFixed(1);
  const stroke = (index: number): string => `stroke="${colours[index % colours.length]}"${index < colours.length ? '' : ' stroke-dasharray="6 4"'}`;
  return svgPicture({
    title, width, height,
    style: ['  .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }'],
    body: [
      `<text x="${left}" y="22" class="title">${escapeXml(title)}</text>`,
      ...series.map(({ name }, index) => {
        const [at, row] = [left + (index % 5) * 156, 40 + Math.floor(index / 5) * 18];
        return `<line class="line" ${stroke(index)} x1="${at}" x2="${at + 20}" y1="${row}" y2="${row}"/><text x="${at + 26}" y="${row + 4}">${escapeXml(name)}</text>`;
      }),
      ...ticks.map((tick) => `<line class="grid" x1="${left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${left - 8}" y="${y(tick)}" dy="4" text-anchor="end">${tickLabel(tick)}</text>`),
      ...places.map((tick) => `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tickLabel(tick)}</text>`),
      `<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
      `<text x="${(left + right) / 2}" y="${height - 12}" text-anchor="middle">${escapeXml(xLabel)}</text>`,
      `<text transform="translate(16 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(yLabel)}</text>`,
      ...drawn.flatMap((lines, index) => lines.filter((line) => line.length > 0).map((line) => `<path class="line" ${stroke(index)} d="${line.map(([place, value], point) => `${point === 0 ? 'M' : 'L'}${x(place)} ${y(value)}`).join('')}"/>`)),
    ],
  });
}
