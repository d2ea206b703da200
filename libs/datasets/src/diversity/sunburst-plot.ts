import { escapeXml, svgPicture } from '@tunesmith/pictures';
import type { RootVerb } from './diversity-report.js';

const size = 560;
const centre = size / 2;
/** Segments are parted by the colour of the paper; their names are dark on both. */
const edges = ['  .small { font-size: 10px; } .dark { fill: #1f2328; } .edge { stroke: #ffffff; } @media (prefers-color-scheme: dark) { .dark { fill: #1f2328; } .edge { stroke: #0d1117; } }'];
const rings = { inside: 70, middle: 150, outside: 215 };

/** Verbs on the inner ring, their nouns on the outer one, each as wide as it is frequent. */
export function sunburstPlot(title: string, verbs: readonly RootVerb[]): string {
  const total = verbs.reduce((sum, { nouns }) => sum + nouns.reduce((count, noun) => count + noun.count, 0), 0);
  const body = [`<text x="16" y="24" class="title">${escapeXml(title)}</text>`];
  if (total === 0) return svgPicture({ title, width: size, height: size, body: [...body, `<text x="${centre}" y="${centre}" text-anchor="middle">no instruction has a verb with an object</text>`] });
  let angle = -Math.PI / 2;
  for (const [place, { verb, nouns }] of verbs.entries()) {
    const start = angle;
    for (const [index, { noun, count }] of nouns.entries()) {
      const end = angle + (count / total) * 2 * Math.PI;
      body.push(ring(angle, end, rings.middle, rings.outside, colourOf(place, verbs.length, 66 + 4 * index), `${verb} ${noun}: ${count}`), label(noun, angle, end, rings.middle, rings.outside));
      angle = end;
    }
    body.push(ring(start, angle, rings.inside, rings.middle, colourOf(place, verbs.length), verb), label(verb, start, angle, rings.inside, rings.middle));
  }
  return svgPicture({ title, width: size, height: size, body, style: edges });
}

/** Colours round the circle, as many as there are verbs. */
function colourOf(place: number, of: number, lightness = 58): string {
  return `hsl(${Math.round((360 * place) / of)} 55% ${lightness}%)`;
}

function ring(from: number, to: number, inner: number, outer: number, colour: string, tip: string): string {
  // A whole circle has no arc between two different points.
  const end = Math.min(to, from + 2 * Math.PI - 1e-4);
  const large = end - from > Math.PI ? 1 : 0;
  const path = `M${point(from, outer)} A${outer} ${outer} 0 ${large} 1 ${point(end, outer)} L${point(end, inner)} A${inner} ${inner} 0 ${large} 0 ${point(from, inner)} Z`;
  return `<path class="edge" d="${path}" fill="${colour}"><title>${escapeXml(tip)}</title></path>`;
}

/** Along the radius, readable from below; none where it would not fit. */
function label(text: string, from: number, to: number, inner: number, outer: number): string {
  const middle = (from + to) / 2;
  if ((to - from) * inner < 9) return '';
  const degrees = (middle * 180) / Math.PI;
  const isLeft = Math.cos(middle) < 0;
  const shown = text.length > 11 ? `${text.slice(0, 10)}…` : text;
  return `<text class="small dark" transform="translate(${point(middle, (inner + outer) / 2)}) rotate(${(isLeft ? degrees + 180 : degrees).toFixed(1)})" text-anchor="middle" dominant-baseline="middle">${escapeXml(shown)}</text>`;
}

function point(angle: number, radius: number): string {
  return `${(centre + radius * Math.cos(angle)).toFixed(1)} ${(centre + 10 + radius * Math.sin(angle)).toFixed(1)}`;
}
