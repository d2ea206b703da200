import { escapeXml, svgPicture } from '@tunesmith/pictures';
import type { ShareInterval } from './share-intervals.js';

/** A bar of the picture. */
export interface DetectedShare {
  readonly domain: string;
  readonly share: number;
  readonly interval: ShareInterval;
  /** Of each round. */
  readonly rounds: readonly number[];
}

const width = 720;
const barHeight = 30;
const left = 140;
const right = width - 90;
const top = 56;

/** An SVG of shares as bars, each with its 95 % interval and a dot for every round; for light and dark pages alike. */
export function detectionPlot(title: string, shares: readonly DetectedShare[]): string {
  const height = top + shares.length * barHeight + 40;
  const most = Math.max(...shares.flatMap(({ share, interval, rounds }) => [share, interval.high, ...rounds]), 0.1);
  const end = Math.min(1, Math.ceil(most * 10) / 10);
  const x = (share: number): number => left + (Math.min(share, end) / end) * (right - left);
  const ticks = Array.from({ length: Math.round(end * 10) + 1 }, (_, tick) => tick / 10);
  const bottom = top + shares.length * barHeight;
  return svgPicture({
    title, width, height,
    style: [
      '  .bar { fill: #54aeff; } .interval { stroke: #1f2328; stroke-width: 1.6; } .round { fill: none; stroke: #bc4c00; }',
      '  @media (prefers-color-scheme: dark) { .bar { fill: #1f6feb; } .interval { stroke: #e6edf3; } .round { stroke: #f0883e; } }',
    ],
    body: [
      `<text x="16" y="22" class="title">${escapeXml(title)}</text>`,
      '<text x="16" y="42">bars: share; lines: 95 % interval; rings: rounds</text>',
      ...ticks.map((tick) => `<line class="grid" x1="${x(tick).toFixed(1)}" x2="${x(tick).toFixed(1)}" y1="${top}" y2="${bottom}"/><text x="${x(tick).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${Math.round(tick * 100)} %</text>`),
      ...shares.flatMap(({ domain, share, interval, rounds }, place) => {
        const middle = top + place * barHeight + barHeight / 2;
        return [
          `<text x="${left - 10}" y="${middle + 4}" text-anchor="end">${escapeXml(domain)}</text>`,
          `<rect class="bar" x="${left}" y="${middle - 9}" width="${(x(share) - left).toFixed(1)}" height="18"/>`,
          `<line class="interval" x1="${x(interval.low).toFixed(1)}" x2="${x(interval.high).toFixed(1)}" y1="${middle}" y2="${middle}"/>`,
          ...rounds.map((each) => `<circle class="round" cx="${x(each).toFixed(1)}" cy="${middle}" r="3"/>`),
          `<text x="${right + 12}" y="${middle + 4}">${(share * 100).toFixed(1)} %</text>`,
        ];
      }),
    ],
  });
}
