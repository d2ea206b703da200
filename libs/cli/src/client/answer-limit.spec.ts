import { answerLimit } from './answer-limit.js';

test.each([
  ['GET', '/v1/runs', 60],
  ['POST', '/v1/artifacts', 60],
  ['POST', '/v1/runs', 14_400],
  ['POST', '/v1/runs/01a2231e-ab46-73d9-a0a0-d23113998e30/resume', 14_400],
  ['POST', '/openai/v1/chat/completions', 900],
])('%s %s may take %d s', (method, path, seconds) => {
  expect(answerLimit(method, path)).toBe(seconds * 1000);
});
