import { htmlPage } from '@tunesmith/pictures';
import type { WorkContext } from '@tunesmith/tensor';
import { diversityPictures } from './diversity-pictures.js';
import { diversitySections } from './diversity-sections.js';
import { measureDiversity, type ExaminedRow, type ExaminedSet } from './measure-diversity.js';
import { dot, neighbourEmbedding } from './neighbour-embedding.js';
import type { SentenceEncoder } from './sentence-encoder.js';
import { sunburstPlot } from './sunburst-plot.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const row = (instruction: string, response: string, more: Partial<ExaminedRow> = {}): ExaminedRow => ({ instruction, response, source: 'topic-guided', ...more });
const rows = [
  row('Write a poem about the sea.', 'Waves.', { topics: ['Seas', 'Law'] }),
  row('Write a poem about the law of the sea.', 'Waves and rules.', { topics: ['Chess'] }),
  row('Write three letters.', 'Dear friend,', { source: 'example-guided' }),
  row('List rivers.', 'The Nile, the Rhine', { source: 'example-guided' }),
  row('Why is that so?', 'It is.', { source: 'example-guided' }),
];

/** Texts of the same number of words mean the same. */
const countingEncoder: SentenceEncoder = {
  encode: async (texts) => texts.map((text) => Float32Array.from([1, 0, -1].map((angle) => Math.cos(text.split(' ').length + angle)), (value, _index) => value / Math.hypot(...[1, 0, -1].map((angle) => Math.cos(text.split(' ').length + angle))))),
  [Symbol.asyncDispose]: async () => undefined,
};

test('counts, lengths, verbs, words, meanings and topics of a set', async () => {
  const { report, instructionWords } = await measureDiversity(rows, countingEncoder, context);
  expect(report.rows).toBe(5);
  expect(report.sources).toEqual([
    { source: 'example-guided', rows: 3, instructionWords: { mean: 3, median: 3, longest: 4 }, responseWords: { mean: 2.6667, median: 2, longest: 4 } },
    { source: 'topic-guided', rows: 2, instructionWords: { mean: 7.5, median: 7.5, longest: 9 }, responseWords: { mean: 2, median: 2, longest: 3 } },
  ]);
  expect(report.rootVerbs).toEqual({ found: 4, pairs: 3, verbs: [
    { verb: 'write', count: 3, nouns: [{ noun: 'poem', count: 2 }, { noun: 'letter', count: 1 }] },
    { verb: 'list', count: 1, nouns: [{ noun: 'river', count: 1 }] },
  ] });
  expect(report.topics).toEqual({ asked: 3, rows: 2, named: 1, most: [{ topic: 'Chess', rows: 1 }, { topic: 'Law', rows: 1 }, { topic: 'Seas', rows: 1 }] });
  expect(instructionWords).toEqual([6, 9, 3, 2, 4]);
  const vectors = (await countingEncoder.encode(rows.map(({ instruction }) => instruction), context));
  const cosines = vectors.flatMap((left, i) => vectors.filter((_right, j) => j !== i).map((right) => dot(left, right)));
  expect(report.meanings).toEqual({ instructions: 5, meanCosine: expect.closeTo(cosines.reduce((sum, cosine) => sum + cosine) / cosines.length, 3) });
  expect((await measureDiversity([], undefined, context)).report).toMatchObject({ rows: 0, sources: [], lexical: { instructions: 0 } });
});

test('neighbours stay neighbours in the plane, and the picture is the same every time', () => {
  const cluster = (axis: number, place: number): Float32Array => {
    const vector = Float32Array.from({ length: 6 }, (_, index) => (index === axis ? 1 : 0.1 * Math.sin(place * 7 + index * 3)));
    return vector.map((value) => value / Math.hypot(...vector));
  };
  const vectors = [0, 1, 2].flatMap((axis) => Array.from({ length: 12 }, (_, place) => cluster(axis, place)));
  const points = neighbourEmbedding(vectors);
  expect(neighbourEmbedding(vectors)).toEqual(points);
  const distance = (i: number, j: number): number => Math.hypot(points[i]![0] - points[j]![0], points[i]![1] - points[j]![1]);
  for (const i of points.keys()) {
    const nearest = [...points.keys()].filter((j) => j !== i).sort((left, right) => distance(i, left) - distance(i, right)).slice(0, 5);
    for (const j of nearest) expect(Math.floor(j / 12)).toBe(Math.floor(i / 12));
  }
});

describe('pictures and the page', () => {
  let made: ExaminedSet;
  let seeds: ExaminedSet;
  beforeAll(async () => {
    made = await measureDiversity(rows, countingEncoder, context);
    seeds = await measureDiversity([row('Name <b> & "c".', 'Yes', { source: 'seeds' }), row('Name two birds.', 'No', { source: 'seeds' })], countingEncoder, context);
  });

  test('stand within their frames, escaped, without NaN', () => {
    const pictures = diversityPictures(made, seeds, ['new', 'old & <tried>']);
    expect(Object.keys(pictures)).toEqual(['verbs.svg', 'verbs-seeds.svg', 'instruction-lengths.svg', 'response-lengths.svg', 'meanings.svg']);
    for (const picture of Object.values(pictures)) {
      expect(picture).not.toMatch(/NaN|Infinity|undefined|<tried>/);
      for (const [, x] of picture.matchAll(/ c?x="([-\d.]+)"/g)) expect(Number(x) >= 0 && Number(x) <= 560).toBe(true);
    }
    const page = htmlPage('A & B', diversitySections(made.report, seeds.report, ['new', 'old'], pictures));
    expect(page).toContain('<title>A &amp; B</title>');
    expect(page.match(/<svg/g)).toHaveLength(5);
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)|<script/);
  });

  test('the sunburst gives each noun its share of the circle', () => {
    const svg = sunburstPlot('t', [{ verb: 'a', count: 3, nouns: [{ noun: 'x', count: 3 }] }, { verb: 'b', count: 1, nouns: [{ noun: 'y', count: 1 }] }]);
    const ends = [...svg.matchAll(/A215 215 0 (\d) 1 ([\d.]+) ([\d.]+) /g)].map(([, large, x, y]) => [Number(large), Number(x), Number(y)]);
    expect(ends).toEqual([[1, 65, 290], [0, 280, 75]]); // three quarters end at the left, the last at the top
    expect(sunburstPlot('t', [])).toContain('no instruction has a verb with an object');
    expect(sunburstPlot('t', [{ verb: 'a', count: 1, nouns: [{ noun: 'x', count: 1 }] }])).not.toMatch(/NaN/);
  });
});
