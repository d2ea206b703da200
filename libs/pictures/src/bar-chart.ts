import { colours } from './colours.js';
import { escapeXml } from './escape-xml.js';
import { shorten } from './shorten.js';
import { svgPicture } from './svg-picture.js';
import { niceTicks, tickLabel } from './ticks.js';

export interface BarChart {
  readonly title: string;
  /** One group of bars for each. */
  readonly groups: readonly string[];
  /** One bar of each group for each series; `spread` is drawn as a whisker to both sides. Null where there is no value. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[]; readonly spread?: readonly (number | null)[] }[];
}

const width = 860;
const usualHeight = 420;
/** Of long names, in radians: 35 degrees. */
const tilt = (35 / 180) * Math.PI;
const usualLeft = 64;
const right = width - 20;

/** Colours that come again are paler. */
function filled(index: number): string {
  return `fill="${colours[index % colours.length]}"${index < colours.length ? '' : ' fill-opacity="0.45"'}`;
}

/** Bars side by side, in groups, from zero (or from the least value where all lie far from zero). */
export function barChart({ title, groups, series }: BarChart): string {
  const rows = Math.ceil(series.length / 5);
  const top = 44 + rows * 18;
  const ends = series.flatMap(({ values, spread }) => values.flatMap((value, index) => (value === null ? [] : [value - (spread?.[index] ?? 0), value + (spread?.[index] ?? 0)])));
  const ticks = niceTicks(Math.min(0, ...ends), Math.max(0, ...ends), 6);
  const y = (value: number): number => bottom - ((value - ticks[0]!) / (ticks.at(-1)! - ticks[0]!)) * (bottom - top);
  // Names that would run into one another are tilted, and take their room below and at the left; about six pixels a character.
  const names = groups.map((group) => shorten(group, 32));
  const longest = Math.max(0, ...names.map((name) => name.length)) * 6.2;
  const tilted = longest > (right - usualLeft) / Math.max(1, groups.length);
  const left = tilted ? Math.max(usualLeft, Math.round(longest * Math.cos(tilt)) - 10) : usualLeft;
  const height = usualHeight + (tilted ? Math.round(longest * Math.sin(tilt)) : 0);
  const bottom = usualHeight - 44;
  const groupWidth = (right - left) / Math.max(1, groups.length);
  const barWidth = Math.min(40, (groupWidth * 0.8) / Math.max(1, series.length));
  return svgPicture({
    title, width, height,
    body: [
      `<text x="${left}" y="22" class="title">${escapeXml(title)}</text>`,
      ...series.map(({ name }, index) => {
        const [x, row] = [left + (index % 5) * 156, 34 + Math.floor(index / 5) * 18];
        return `<rect x="${x}" y="${row}" width="12" height="12" ${filled(index)}/><text x="${x + 17}" y="${row + 10}">${escapeXml(name)}</text>`;
      }),
      ...ticks.map((tick) => `<line class="grid" x1="${left}" x2="${right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/><text x="${left - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${tickLabel(tick)}</text>`),
      ...groups.flatMap((group, place) => {
        const middle = left + (place + 0.5) * groupWidth;
        const bars = series.flatMap(({ name, values, spread }, index) => {
          const value = values[place];
          if (value === null || value === undefined) return [];
          const x = middle + (index - series.length / 2) * barWidth;
          const [high, low] = [Math.min(y(value), y(0)), Math.max(y(value), y(0))];
          const bar = `<rect x="${x.toFixed(1)}" y="${high.toFixed(1)}" width="${(barWidth * 0.9).toFixed(1)}" height="${(low - high).toFixed(1)}" ${filled(index)}><title>${escapeXml(`${name}, ${group}: ${value}`)}</title></rect>`;
          const reach = spread?.[place];
          const centre = (x + barWidth * 0.45).toFixed(1);
          return reach ? [bar, `<path class="axis" d="M${centre} ${y(value - reach).toFixed(1)}V${y(value + reach).toFixed(1)}"/>`] : [bar];
        });
        return [...bars, tilted
          ? `<text transform="translate(${middle.toFixed(1)} ${bottom + 14}) rotate(-35)" text-anchor="end">${escapeXml(names[place]!)}</text>`
          : `<text x="${middle.toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${escapeXml(names[place]!)}</text>`];
      }),
      `<line class="axis" x1="${left}" x2="${right}" y1="${y(0).toFixed(1)}" y2="${y(0).toFixed(1)}"/>`,
    ],
  });
}
