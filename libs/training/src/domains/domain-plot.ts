import { colours, escapeXml, niceTicks, svgPicture } from '@tunesmith/pictures';
import type { DomainEvaluation } from './domain-evaluation.js';

/** The domains at one evaluation; `step` counts the steps before it. */
export interface EvaluatedDomains {
  readonly step: number;
  readonly domains: Readonly<Record<string, DomainEvaluation>>;
}

const width = 800;
const height = 640;
const left = 72;
const right = width - 24;
interface Panel {
  readonly title: string;
  readonly top: number;
  readonly bottom: number;
  readonly unit: string;
  value(domains: EvaluatedDomains['domains'], name: string): number;
}

/** An SVG of every domain over the steps: above its weight, below its held-out loss as a change from the first evaluation, which is of the untuned model. */
export function domainPlot(evaluations: readonly EvaluatedDomains[]): string {
  const names = Object.keys(evaluations[0]?.domains ?? {});
  const first = evaluations[0]?.domains ?? {};
  const panels: Panel[] = [
    { title: 'weight in the rows that follow', top: 76, bottom: 316, unit: '', value: (domains, name) => domains[name]!.weight },
    { title: 'held-out loss, change from the untuned model', top: 364, bottom: height - 52, unit: ' %', value: (domains, name) => (domains[name]!.loss / first[name]!.loss - 1) * 100 },
  ];
  const lastStep = Math.max(evaluations.at(-1)?.step ?? 0, 1);
  const stepTicks = niceTicks(0, lastStep, 8).filter((tick) => Number.isInteger(tick));
  const x = (step: number): number => left + (step / Math.max(lastStep, stepTicks.at(-1)!)) * (right - left);
  const style = (place: number): string => `stroke="${colours[place % colours.length]}"${place < colours.length ? '' : ' stroke-dasharray="6 4"'}`;
  return svgPicture({
    title: 'Weights and held-out losses of domains', width, height,
    style: ['  .course, .key { fill: none; stroke-width: 1.8; stroke-linejoin: round; }'],
    body: [
      ...names.map((name, place) => `<line class="key" ${style(place)} x1="${left + (place % 6) * 118}" x2="${left + (place % 6) * 118 + 20}" y1="${18 + 16 * Math.floor(place / 6)}" y2="${18 + 16 * Math.floor(place / 6)}"/><text x="${left + (place % 6) * 118 + 26}" y="${22 + 16 * Math.floor(place / 6)}">${escapeXml(name)}</text>`),
      ...panels.flatMap((panel) => drawPanel(panel)),
      ...stepTicks.map((tick) => `<text x="${x(tick).toFixed(1)}" y="${height - 34}" text-anchor="middle">${tick}</text>`),
      `<text x="${(left + right) / 2}" y="${height - 12}" text-anchor="middle">step</text>`,
    ],
  });

  function drawPanel({ title, top, bottom, unit, value }: Panel): string[] {
    const values = evaluations.flatMap(({ domains }) => names.map((name) => value(domains, name)));
    const ticks = niceTicks(Math.min(0, ...values), Math.max(0, ...values), 5);
    const y = (figure: number): number => bottom - ((figure - ticks[0]!) / (ticks.at(-1)! - ticks[0]!)) * (bottom - top);
    const points = (name: string): (readonly [number, number])[] => evaluations.map(({ step, domains }) => [x(step), y(value(domains, name))] as const);
    return [
      `<text x="${left}" y="${top - 14}" class="title">${title}</text>`,
      ...ticks.map((tick) => `<line class="grid" x1="${left}" x2="${right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/><text x="${left - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${tick}${unit}</text>`),
      `<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
      ...names.map((name, place) => `<path class="course" ${style(place)} d="${points(name).map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`).join('')}"/>`),
    ];
  }
}
