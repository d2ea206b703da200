import type { Completion, RespondedToken } from '@tunesmith/contracts';
import { textFormat } from './completion-format.js';

const head = { id: 'cmpl-1', created: 1, model: 'm' };
const answer = { finish: 'length', promptTokens: 1, newTokens: 1 } as const;
const like = (text: string, logProb: number) => ({ text, logProb, bytes: [...new TextEncoder().encode(text)] });

function topOf(token: RespondedToken): Completion['choices'][0]['logprobs'] {
  return textFormat(head, true).whole([{ text: '', tokens: [token] }], answer).choices[0]!.logprobs;
}

test('the token of a text is among the likeliest, however unlikely it is', () => {
  expect(topOf({ ...like('otter', -9), top: [like('dog', -0.5), like('fox', -1)] })!.top_logprobs).toEqual([{ dog: -0.5, fox: -1, otter: -9 }]);
  expect(topOf({ ...like('otter', -9), top: [] })!.top_logprobs).toEqual([{ otter: -9 }]);
  expect(topOf({ ...like('otter', 0), logProb: null, top: [] })!.top_logprobs).toEqual([null]);
});

test('of parts of characters, which look alike, the likeliest is told', () => {
  expect(topOf({ ...like('x', -3), top: [like('\u{fffd}', -0.5), like('\u{fffd}', -2)] })!.top_logprobs).toEqual([{ '\u{fffd}': -0.5, x: -3 }]);
});
