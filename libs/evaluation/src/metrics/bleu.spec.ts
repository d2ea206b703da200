import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorOf, findAggregation } from '../aggregations.js';
import { bleu } from './bleu.js';

interface Corpus {
  readonly documents: readonly (readonly [answer: string, references: readonly string[]])[];
  readonly bleu: number;
  readonly error?: number;
}

const { corpora } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/parity/fixtures/evaluation/text-metrics.json'), 'utf8')) as { corpora: Corpus[] };
const aggregation = findAggregation('bleu');
const countsOf = ({ documents }: Pick<Corpus, 'documents'>) => documents.map(([prediction, references]) => bleu.prepare({}).ofGeneration!({ prediction, references, document: {} }));

test('is the number of sacrebleu for corpora of one to three right answers', () => {
  for (const corpus of corpora) expect(aggregation.aggregate(countsOf(corpus))).toBeCloseTo(corpus.bleu, 9);
  expect(corpora.filter((corpus) => corpus.bleu > 0).length).toBeGreaterThan(15);
});

test('its standard error is the spread over corpora drawn anew', () => {
  const corpus = corpora.at(-1)!;
  const error = errorOf(aggregation, countsOf(corpus))!;
  expect(error / corpus.error!).toBeGreaterThan(0.8);
  expect(error / corpus.error!).toBeLessThan(1.2);
});

test.each([
  ['the same text', 'a b c d e', 'a b c d e', 100],
  ['too short for a 4-gram', 'a b c', 'a b c', 0],
  ['nothing right', 'a b c d', 'e f g h', 0],
  ['no answer', '', 'e f g h', 0],
])('%s: %j for %j is %d', (_case, answer, reference, expected) => {
  expect(aggregation.aggregate(countsOf({ documents: [[answer, [reference]]] }))).toBeCloseTo(expected, 9);
});

test('takes a list of one text, and refuses several', () => {
  const { ofGeneration } = bleu.prepare({});
  expect(ofGeneration!({ prediction: ['a b'], references: ['a b'], document: {} })).toEqual(ofGeneration!({ prediction: 'a b', references: ['a b'], document: {} }));
  expect(() => ofGeneration!({ prediction: ['a', 'b'], references: ['a'], document: {} })).toThrow(expect.objectContaining({ code: 'metric-not-applicable', message: expect.stringContaining('take_first') }));
});
