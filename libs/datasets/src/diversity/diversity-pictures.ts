import { lengthsPlot } from './lengths-plot.js';
import { mapPlot } from './map-plot.js';
import { spread, type ExaminedSet } from './measure-diversity.js';
import { neighbourEmbedding } from './neighbour-embedding.js';
import { sunburstPlot } from './sunburst-plot.js';

/** Points of each set in the picture of meanings: its time goes with their square. */
const mostPoints = 400;

/** The pictures of two sets beside each other, as SVG by file name: the new rows, and what they are held against. */
export function diversityPictures(made: ExaminedSet, other: ExaminedSet, names: readonly [string, string]): Record<string, string> {
  const pictures: Record<string, string> = {
    'verbs.svg': sunburstPlot(`Root verbs and their nouns: ${names[0]}`, made.report.rootVerbs.verbs),
    'verbs-seeds.svg': sunburstPlot(`Root verbs and their nouns: ${names[1]}`, other.report.rootVerbs.verbs),
    'instruction-lengths.svg': lengthsPlot('Words of instructions', [{ name: names[0], words: made.instructionWords }, { name: names[1], words: other.instructionWords }]),
    'response-lengths.svg': lengthsPlot('Words of answers', [{ name: names[0], words: made.responseWords }, { name: names[1], words: other.responseWords }]),
  };
  const [ours, theirs] = [spread(made.vectors, mostPoints), spread(other.vectors, mostPoints)];
  if (ours.length > 1 && theirs.length > 1) {
    const points = neighbourEmbedding([...ours, ...theirs]);
    pictures['meanings.svg'] = mapPlot('Meanings of instructions (t-SNE)', [{ name: names[0], points: points.slice(0, ours.length) }, { name: names[1], points: points.slice(ours.length) }]);
  }
  return pictures;
}
