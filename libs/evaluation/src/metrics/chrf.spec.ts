import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findAggregation } from '../aggregations.js';
import { chrf, chrfWithWords } from './chrf.js';

interface Corpus {
  readonly documents: readonly (readonly [answer: string, references: readonly string[]])[];
  readonly chrf: number;
  readonly 'chrf++': number;
}

const { corpora } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/parity/fixtures/evaluation/text-metrics.json'), 'utf8')) as { corpora: Corpus[] };
const scoreOf = (documents: Corpus['documents'], metric = chrf) => findAggregation(metric.name).aggregate(documents.map(([prediction, references]) => metric.prepare({}).ofGeneration!({ prediction, references, document: {} })));

test('is the number of sacrebleu for corpora of one to three right answers', () => {
  for (const { documents, ...expected } of corpora) {
    expect(scoreOf(documents)).toBeCloseTo(expected.chrf, 9);
    expect(scoreOf(documents, chrfWithWords)).toBeCloseTo(expected['chrf++'], 9);
  }
  expect(new Set(corpora.map((corpus) => corpus.chrf)).size).toBeGreaterThan(20);
});

test.each([
  ['the same text', 'a b', 'ab', 100],
  ['nothing right', 'abc', 'xyz', 0],
  ['no answer', '', 'abc', 0],
  ['no right answer', 'abc', '', 0],
])('%s: %j for %j is %d', (_case, answer, reference, expected) => {
  expect(scoreOf([[answer, [reference]]])).toBe(expected);
});

test('takes a list of one text, and refuses several', () => {
  const { ofGeneration } = chrf.prepare({});
  expect(ofGeneration!({ prediction: ['a b'], references: ['a b'], document: {} })).toEqual(ofGeneration!({ prediction: 'a b', references: ['a b'], document: {} }));
  expect(() => ofGeneration!({ prediction: ['a', 'b'], references: ['a'], document: {} })).toThrow(expect.objectContaining({ code: 'metric-not-applicable' }));
});
