import { escapeXml, svgPicture } from '@tunesmith/pictures';
import { twoSets } from './two-sets.js';

export interface LengthSeries {
  readonly name: string;
  /** Words of each text. */
  readonly words: readonly number[];
}

const width = 560;
const height = 280;
const area = { left: 48, right: width - 16, top: 48, bottom: height - 40 };
/** The last bin holds all that is longer. */
const bins = [0, 5, 10, 15, 20, 30, 40, 60, 80, 120, 160];

/** How long texts are, as shares of their own set: two sets beside each other. */
export function lengthsPlot(title: string, series: readonly [LengthSeries, LengthSeries]): string {
  const shares = series.map(({ words }) => bins.map((least, index) => words.filter((count) => count >= least && count < (bins[index + 1] ?? Infinity)).length / Math.max(words.length, 1)));
  const highest = Math.max(0.05, ...shares.flat());
  const step = (area.right - area.left) / bins.length;
  const bar = step * 0.38;
  const y = (share: number): number => area.bottom - (share / highest) * (area.bottom - area.top);
  return svgPicture({ title, width, height, style: twoSets, body: [
    `<text x="${area.left}" y="20" class="title">${escapeXml(title)}</text>`,
    ...series.map(({ name }, index) => `<rect class="${index === 0 ? 'first' : 'second'}" x="${area.left + index * 160}" y="28" width="12" height="12"/><text x="${area.left + index * 160 + 18}" y="38">${escapeXml(name)}</text>`),
    ...[0, 0.5, 1].map((part) => `<line class="grid" x1="${area.left}" x2="${area.right}" y1="${y(part * highest).toFixed(1)}" y2="${y(part * highest).toFixed(1)}"/><text x="${area.left - 6}" y="${(y(part * highest) + 4).toFixed(1)}" text-anchor="end" class="small">${Math.round(part * highest * 100)} %</text>`),
    ...shares.flatMap((of, which) => of.map((share, index) => `<rect class="${which === 0 ? 'first' : 'second'}" x="${(area.left + index * step + step * 0.1 + which * bar).toFixed(1)}" y="${y(share).toFixed(1)}" width="${bar.toFixed(1)}" height="${(area.bottom - y(share)).toFixed(1)}"/>`)),
    ...bins.map((least, index) => `<text class="small" x="${(area.left + index * step + step / 2).toFixed(1)}" y="${area.bottom + 14}" text-anchor="middle">${least}${bins[index + 1] === undefined ? '+' : `–${bins[index + 1]! - 1}`}</text>`),
    `<line class="axis" x1="${area.left}" x2="${area.right}" y1="${area.bottom}" y2="${area.bottom}"/><text x="${(area.left + area.right) / 2}" y="${height - 8}" text-anchor="middle">words</text>`,
  ] });
}
