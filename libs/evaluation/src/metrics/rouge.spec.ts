import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rouge1, rouge2, rougeL } from './rouge.js';

type Pair = readonly [answer: string, reference: string, rouge1: number, rouge2: number, rougeL: number];

const { pairs } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/parity/fixtures/evaluation/text-metrics.json'), 'utf8')) as { pairs: Pair[] };
const all = [rouge1, rouge2, rougeL];
const scores = (prediction: unknown, references: readonly string[]) => all.map((metric) => metric.prepare({}).ofGeneration!({ prediction, references, document: {} }) as number);

test('are the numbers of rouge_score', () => {
  for (const [answer, reference, ...expected] of pairs) scores(answer, [reference]).forEach((score, place) => expect(score).toBeCloseTo(expected[place]!, 12));
  expect(pairs.length).toBeGreaterThan(30);
});

test('of several right answers the nearest counts, for each metric its own', () => {
  const apart = [scores('a b c d', ['a b x y']), scores('a b c d', ['d c b a'])];
  expect(apart[0]).toEqual([0.5, 1 / 3, 0.5]);
  expect(apart[1]).toEqual([1, 0, 0.25]);
  expect(scores('a b c d', ['a b x y', 'd c b a'])).toEqual([1, 1 / 3, 0.5]);
});

test('several texts are refused', () => {
  for (const metric of all) expect(() => metric.prepare({}).ofGeneration!({ prediction: ['a', 'b'], references: ['a'], document: {} })).toThrow(expect.objectContaining({ code: 'metric-not-applicable', facts: { metric: metric.name, texts: 2 } }));
});
