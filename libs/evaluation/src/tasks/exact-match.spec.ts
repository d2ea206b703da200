import { exactMatch } from './exact-match.js';

const score = (right: number): { prediction: string; logProbs: number[]; metrics: { exact_match: number } } => ({ prediction: '', logProbs: [], metrics: { exact_match: right } });

describe('exact-match', () => {
  test('counts right answers, of both models', () => {
    expect(exactMatch.metrics([1, 1, 1, 0].map(score))).toEqual({ exact_match: 0.75, exact_match_stderr: expect.closeTo(0.25, 12) });
    expect(exactMatch.metrics([1, 1].map(score), [0, 1].map(score))).toEqual({ exact_match: 1, exact_match_stderr: 0, against_exact_match: 0.5 });
    expect(exactMatch.metrics([score(1)])).toEqual({ exact_match: 1 });
  });

  test('refuses a row without an expectation', () => {
    const row = { messages: [{ role: 'user', content: 'Q' } as const, { role: 'assistant', content: 'A' } as const], split: 'validation', tags: [] } as const;
    expect(() => exactMatch.target(row, 4)).toThrow(expect.objectContaining({ code: 'row-without-expectation', message: expect.stringContaining('Row 5') }));
    expect(exactMatch.target({ ...row, expect: 'A' }, 0)).toBe('A');
  });
});
