import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exactMatch } from './exact-match.js';
import type { PartedValues } from './metric.js';
import { tokenF1 } from './token-f1.js';

const pairs = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/parity/fixtures/evaluation/squad.json'), 'utf8')) as (readonly [answer: string, right: string, exact: number, f1: number])[];
const f1 = (prediction: unknown, references: readonly string[]) => (tokenF1.prepare({}).ofGeneration!({ prediction, references, document: {} }) as PartedValues).values['f1'];
const exact = (prediction: string, references: readonly string[]) => exactMatch.prepare({ squad: true }).ofGeneration!({ prediction, references, document: {} });

test("F1 and exact match are the numbers of SQuAD's script", () => {
  for (const [answer, right, same, shared] of pairs) {
    expect([answer, right, exact(answer, [right])]).toEqual([answer, right, same]);
    expect(f1(answer, [right])).toBeCloseTo(shared, 12);
  }
  expect([new Set(pairs.map(([, , same]) => same)).size, pairs.filter(([, , , shared]) => shared > 0 && shared < 1).length > 30]).toEqual([2, true]);
});

test('of several right answers the nearest counts; several texts are refused', () => {
  expect(f1('the red house', ['a blue house', 'red house!'])).toBe(1);
  expect(f1('a red house', ['one blue house', 'x'])).toBeCloseTo(0.4, 12);
  expect(() => f1(['a', 'b'], ['a'])).toThrow(expect.objectContaining({ code: 'metric-not-applicable' }));
});
