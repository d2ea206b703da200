import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findAggregation } from '../aggregations.js';
import { ter } from './ter.js';

interface Corpus {
  readonly documents: readonly (readonly [answer: string, references: readonly string[]])[];
  readonly ter: number;
}

const { corpora } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/parity/fixtures/evaluation/text-metrics.json'), 'utf8')) as { corpora: Corpus[] };
const scoreOf = (documents: Corpus['documents']) => findAggregation('ter').aggregate(documents.map(([prediction, references]) => ter.prepare({}).ofGeneration!({ prediction, references, document: {} })));

test('is the number of sacrebleu for corpora of one to three right answers', () => {
  for (const { documents, ter: expected } of corpora) expect(scoreOf(documents)).toBeCloseTo(expected, 9);
  expect(new Set(corpora.map((corpus) => corpus.ter)).size).toBeGreaterThan(20);
});

test.each([
  ['the same words', 'A  b', 'a b', 0],
  ['a run of words that moves is one edit', 'c d e a b', 'a b c d e', 20],
  ['nothing right', 'a b', 'x y', 100],
  ['no answer', '', 'a b', 100],
  ['no right answer', 'a b', '', 100],
  ['neither', '', '', 0],
])('%s: %j for %j is %d', (_case, answer, reference, expected) => {
  expect(scoreOf([[answer, [reference]]])).toBe(expected);
});
