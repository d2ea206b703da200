import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { functionCalls } from '../metrics/function-calls.js';
import type { PartedValues } from '../metrics/metric.js';

interface Case {
  readonly functions: readonly object[];
  readonly truth: string;
  readonly answers: readonly (readonly [text: string, valid: boolean])[];
}

const cases = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/parity/fixtures/evaluation/function-calls.json'), 'utf8')) as Case[];
const { ofGeneration } = functionCalls.prepare({});
const judged = (prediction: string, truth: string, tools: unknown) => ofGeneration!({ prediction, references: [truth], document: {}, tools }) as PartedValues;
const matched = (prediction: string, truth: string, tools: unknown) => judged(prediction, truth, tools).values['call_match'];

test('answers are right that the leaderboard calls valid, and no others', () => {
  const differing = cases.flatMap(({ functions, truth, answers }) => answers.filter(([text, valid]) => matched(text, truth, functions) !== Number(valid)).map(([text, valid]) => ({ text, truth, valid, note: judged(text, truth, functions).note })));
  expect(differing).toEqual([]);
  const all = cases.flatMap(({ answers }) => answers.map(([, valid]) => valid));
  expect([all.filter(Boolean).length > 100, all.filter((valid) => !valid).length > 100]).toEqual([true, true]);
});

const tool = { name: 'weather.get', parameters: { type: 'dict', properties: { city: { type: 'string' }, days: { type: 'integer' }, units: { type: 'string' } }, required: ['city'] } };
const truth = '[{"weather.get": {"city": ["Paris", "Paris, France"], "days": [3], "units": ["", "metric"]}}]';
const twice = '[{"weather.get": {"city": ["Rome"]}}, {"weather.get": {"city": ["Oslo"]}}]';

test.each([
  ['Hermes', '<tool_call>\n{"name": "weather.get", "arguments": {"city": "Paris", "days": 3}}\n</tool_call>'],
  ['Hermes, never closed, after a thought', 'I look it up.<tool_call>{"name": "weather.get", "arguments": {"city": "paris france", "days": 3}}'],
  ['ReAct', 'Thought: look\nAction: weather.get\nAction Input: {"city": "Paris", "days": 3, "units": "metric"}\nObservation: sun'],
  ['JSON', '{"name": "weather.get", "arguments": {"city": "Paris", "days": 3}}'],
  ['JSON in a block, with parameters', '```json\n[{"name": "weather.get", "parameters": {"city": "Paris", "days": 3}}]\n```'],
  ["OpenAI's form", '{"tool_calls": [{"id": "1", "type": "function", "function": {"name": "weather.get", "arguments": "{\\"city\\": \\"Paris\\", \\"days\\": 3}"}}]}'],
  ['the name as key', '[{"weather.get": {"city": "Paris", "days": 3}}]'],
  ['Python', '[weather.get(city="Paris", days=3)]'],
  ['Python without brackets, in a block', "```python\nweather.get(days=1 + 2, city='''Paris''')\n```"],
])('reads %s', (_form, text) => {
  expect(judged(text, truth, [tool])).toEqual({ values: { call_match: 1 }, note: { calls: [expect.stringMatching(/^weather\.get\(/)] } });
});

test.each([
  ['[weather.get(city="Rome"), weather.get(city="Oslo")]', twice, 1],
  ['<tool_call>{"name": "weather.get", "arguments": {"city": "Oslo"}}</tool_call>\n<tool_call>{"name": "weather.get", "arguments": {"city": "Rome"}}</tool_call>', twice, 1],
  ['Action: weather.get\nAction Input: {"city": "Oslo"}\nAction: weather.get\nAction Input: {"city": "Rome"}', twice, 1],
  ['[weather.get(city="Rome"), weather.get(city="Rome")]', twice, 0],
  ['[weather.get(city="Rome")]', twice, 0],
  ['None of the functions fits.', 'no call', 1],
  ['[]', 'no call', 1],
  ['[weather.get(city="Rome")]', 'no call', 0],
])('%s for %s: %d', (text, expected, score) => {
  expect(matched(text, expected, [tool])).toBe(score);
});

test.each([
  ['', 'the answer is empty'],
  ['It is sunny in Paris.', 'cannot be read as calls'],
  ['<tool_call>{"name": </tool_call>', 'the tool call is no JSON'],
  ['<tool_call>{"arguments": {}}</tool_call>', 'expected "name" and "arguments"'],
  ['{"name": "weather.get", "arguments": [1]}', 'arguments by their names'],
  ['{"name": "weather.get", "argum', 'begins as JSON'],
  ['[weather.get(city="Paris", days=3', 'expected )'],
  ['[weather.get(city="Paris", city="Rome")]', 'given twice'],
  ['[weather.get(city=lambda: 1)]', 'got :'],
  ['[weather.get(city=#)]', 'unexpected "#'],
  ['[weather.get("Paris", days=3)]', 'required parameter city is missing'],
  ['[weather.get(city="Paris", days=3.0)]', 'days: expected int; got float: 3.0'],
  ['[weather.get(city="Paris", days="3")]', 'days: expected int; got str'],
  ['[weather.get(city="Paris")]', 'the parameter days is missing'],
  ['[weather.get(city="Paris", days=3, when=1)]', 'when is not expected'],
  ['[weather.get(city="Berlin", days=3)]', '"Berlin" is none of'],
  ['[weather.set(city="Paris", days=3)]', 'expected a call of weather.get; got weather.set'],
  ['[weather.get(city="Paris", days=3), weather.get(city="Paris", days=3)]', 'expected one call; got 2 calls'],
])('%j is wrong, and the sample says why: %s', (text, reason) => {
  expect(judged(text, truth, [tool])).toMatchObject({ values: { call_match: 0 }, note: { wrong: expect.stringContaining(reason) } });
});

test('an answer that nests without end is wrong, and ends nothing', () => {
  for (const answer of ['['.repeat(1e5), `[f(a=${'-'.repeat(1e5)}1)]`, `[f(a=${'('.repeat(1e5)}`, `{"name": "f", "arguments": {"a": ${'['.repeat(300)}${']'.repeat(300)}}}`]) {
    expect(judged(answer, truth, [tool])).toMatchObject({ values: { call_match: 0 }, note: { wrong: expect.stringContaining('too deep') } });
  }
});

test('what is wrong with the task is an error', () => {
  expect(() => judged('[]', '[{"f": {"a": 1}}]', [tool])).toThrow(expect.objectContaining({ code: 'task-document-invalid', message: expect.stringContaining('a has no list of values') }));
  expect(() => judged('[]', '[{', [tool])).toThrow(expect.objectContaining({ code: 'task-document-invalid' }));
  expect(() => judged('[]', truth, [{ parameters: {} }])).toThrow(expect.objectContaining({ code: 'tools-invalid', message: expect.stringContaining('function 1 has no name') }));
  expect(() => judged('[]', truth, 'weather')).toThrow(expect.objectContaining({ code: 'tools-invalid' }));
});
