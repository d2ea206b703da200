import { escapeXml, niceTicks, svgPicture, thinned, tickLabel } from '@tunesmith/pictures';

/** What is drawn: one value per step, evaluations at their steps, the learning rate of every step. */
export interface LossPlot {
  readonly title: string;
  readonly loss: readonly number[];
  readonly evaluations: readonly { readonly step: number; readonly loss: number }[];
  readonly learningRates: readonly number[];
}

const width = 800;
const height = 440;
const area = { left: 64, right: width - 76, top: 48, bottom: height - 52 };

/** An SVG of the loss over the steps, with the evaluations and the learning rate (right axis); for light and dark pages alike. */
export function lossPlot({ title, loss, evaluations, learningRates }: LossPlot): string {
  const losses = [...loss, ...evaluations.map((each) => each.loss)].filter(Number.isFinite);
  const steps = Math.max(loss.length, 1);
  const stepTicks = niceTicks(0, steps, 8).filter((tick) => Number.isInteger(tick));
  const lossTicks = niceTicks(Math.min(...losses, Infinity), Math.max(...losses, -Infinity), 6);
  const rateTicks = niceTicks(0, Math.max(...learningRates, 0), 5);
  const x = (step: number): number => area.left + (step / Math.max(steps, stepTicks.at(-1) ?? 1)) * (area.right - area.left);
  const y = (value: number, ticks: readonly number[]): number => area.bottom - ((value - ticks[0]!) / (ticks.at(-1)! - ticks[0]!)) * (area.bottom - area.top);
  const line = (points: readonly (readonly [number, number])[]): string => points.map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`).join('');
  const ofLoss = thinned(loss).map(([step, value]) => [x(step), y(value, lossTicks)] as const);
  const ofRate = thinned(learningRates).map(([step, value]) => [x(step), y(value, rateTicks)] as const);
  const ofEvaluation = evaluations.filter((each) => Number.isFinite(each.loss)).map((each) => [x(each.step), y(each.loss, lossTicks)] as const);
  const keys = [
    ['loss', 'training loss'],
    ...(ofEvaluation.length > 0 ? [['evaluation', 'evaluation loss']] : []),
    ['rate', 'learning rate (right)'],
  ] as const;
  return svgPicture({
    title, width, height,
    style: [
      '  path, .key { fill: none; stroke-width: 1.6; stroke-linejoin: round; } .loss { stroke: #0969da; } .evaluation { stroke: #bc4c00; } .dot { fill: #bc4c00; } .rate { stroke: #6e7781; stroke-dasharray: 5 4; }',
      '  @media (prefers-color-scheme: dark) { .loss { stroke: #58a6ff; } .evaluation { stroke: #f0883e; } .dot { fill: #f0883e; } .rate { stroke: #8b949e; } }',
    ],
    body: [
      `<text x="${area.left}" y="20" class="title">${escapeXml(title)}</text>`,
      ...keys.map(([kind, label], index) => `<line class="key ${kind}" x1="${area.left + index * 160}" x2="${area.left + index * 160 + 22}" y1="36" y2="36"/><text x="${area.left + index * 160 + 28}" y="40">${label}</text>`),
      ...lossTicks.map((tick) => `<line class="grid" x1="${area.left}" x2="${area.right}" y1="${y(tick, lossTicks).toFixed(1)}" y2="${y(tick, lossTicks).toFixed(1)}"/>`),
      ...lossTicks.map((tick) => `<text x="${area.left - 8}" y="${(y(tick, lossTicks) + 4).toFixed(1)}" text-anchor="end">${tickLabel(tick)}</text>`),
      ...rateTicks.map((tick) => `<text x="${area.right + 8}" y="${(y(tick, rateTicks) + 4).toFixed(1)}">${tickLabel(tick)}</text>`),
      ...stepTicks.map((tick) => `<text x="${x(tick).toFixed(1)}" y="${area.bottom + 18}" text-anchor="middle">${tickLabel(tick)}</text>`),
      `<line class="axis" x1="${area.left}" x2="${area.right}" y1="${area.bottom}" y2="${area.bottom}"/>`,
      `<text x="${(area.left + area.right) / 2}" y="${height - 12}" text-anchor="middle">step</text>`,
      `<text transform="translate(16 ${(area.top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">loss</text>`,
      `<path class="rate" d="${line(ofRate)}"/>`,
      `<path class="loss" d="${line(ofLoss)}"/>`,
      ...(ofEvaluation.length > 0 ? [`<path class="evaluation" d="${line(ofEvaluation)}"/>`] : []),
      ...ofEvaluation.map(([px, py]) => `<circle class="dot" cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3"/>`),
    ],
  });
}
