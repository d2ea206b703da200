import { colours } from './colours.js';
import { escapeXml } from './escape-xml.js';
import { svgPicture } from './svg-picture.js';
import { niceTicks, tickLabel } from './ticks.js';

export interface ScatterPlot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** `x` above zero: its axis is logarithmic. */
  readonly points: readonly { readonly name: string; readonly x: number; readonly y: number }[];
}

const width = 760;
const height = 440;
const area = { left: 72, right: width - 120, top: 48, bottom: height - 52 };

/** Points with their names: size against score. */
export function scatterPlot({ title, xLabel, yLabel, points }: ScatterPlot): string {
  const powers = niceTicks(Math.log10(Math.min(...points.map(({ x }) => x))), Math.log10(Math.max(...points.map(({ x }) => x))), 5);
  const ticks = niceTicks(Math.min(...points.map(({ y }) => y)), Math.max(...points.map(({ y }) => y)), 6);
  const atX = (value: number): number => area.left + ((Math.log10(value) - powers[0]!) / (powers.at(-1)! - powers[0]!)) * (area.right - area.left);
  const atY = (value: number): number => area.bottom - ((value - ticks[0]!) / (ticks.at(-1)! - ticks[0]!)) * (area.bottom - area.top);
  return svgPicture({
    title, width, height,
    body: [
      `<text x="${area.left}" y="22" class="title">${escapeXml(title)}</text>`,
      ...ticks.map((tick) => `<line class="grid" x1="${area.left}" x2="${area.right}" y1="${atY(tick).toFixed(1)}" y2="${atY(tick).toFixed(1)}"/><text x="${area.left - 8}" y="${(atY(tick) + 4).toFixed(1)}" text-anchor="end">${tickLabel(tick)}</text>`),
      ...powers.map((power) => `<text x="${atX(10 ** power).toFixed(1)}" y="${area.bottom + 18}" text-anchor="middle">${compact(10 ** power)}</text>`),
      `<line class="axis" x1="${area.left}" x2="${area.right}" y1="${area.bottom}" y2="${area.bottom}"/>`,
      `<text x="${(area.left + area.right) / 2}" y="${height - 12}" text-anchor="middle">${escapeXml(xLabel)}</text>`,
      `<text transform="translate(16 ${(area.top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(yLabel)}</text>`,
      ...points.map(({ name, x, y }, index) => {
        const [px, py] = [atX(x).toFixed(1), atY(y)];
        return `<circle cx="${px}" cy="${py.toFixed(1)}" r="4" fill="${colours[index % colours.length]}"/><text x="${px}" dx="8" y="${(py + 4).toFixed(1)}">${escapeXml(name)}</text>`;
      }),
    ],
  });
}

/** 135M, 1.5B. */
function compact(value: number): string {
  const [unit, name] = ([[1e9, 'B'], [1e6, 'M'], [1e3, 'k']] as const).find(([least]) => value >= least) ?? [1, ''];
  return `${Number((value / unit).toPrecision(3))}${name}`;
}
