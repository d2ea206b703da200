import { parseToolBenchStep, scoreToolBenchStep } from './toolbench-static.js';

const call = (name: string, input: string) => `Thought: t\nAction: ${name}\nAction Input: ${input}`;
const finish = (more: object) => call('Finish', JSON.stringify({ return_type: 'give_answer', ...more }));
const gaveUp = call('Finish', '{"return_type": "give_up_and_restart"}');
const score = (prediction: string, reference: string, compatible = false) => scoreToolBenchStep(parseToolBenchStep(prediction), parseToolBenchStep(reference), ['f', 'g', 'Finish'], { compatible });

test.each([
  ['the last action and the last input', `${call('f', '{"a": 1}')}\n${call('g', ' {} ')}`, { plan: 'call', action: 'g', input: '{}' }],
  ['no input', 'Action: f', { plan: 'call', action: 'f', input: '{}' }],
  ['no action', 'I wonder.', { plan: 'call', action: 'none', input: '{}' }],
  ['an answer', finish({ final_answer: 'It rains.' }), { plan: 'finish', action: 'Finish', answer: 'It rains.' }],
  ['a blank answer', finish({ final_answer: ' . ' }), { plan: 'finish', answer: 'None' }],
  ['an absent answer', finish({}), { plan: 'finish', answer: 'None' }],
  ['an answer that is no text', finish({ final_answer: [1, 'a'] }), { plan: 'finish', answer: '[1,"a"]' }],
  ['giving up', gaveUp, { plan: 'give up', input: '{}' }],
  ['Finish that is no JSON', call('Finish', 'done'), { plan: 'give up', input: '{}' }],
])('reads %s', (_case, text, expected) => {
  expect(parseToolBenchStep(text)).toMatchObject(expected);
});

test.each([
  ['half for another value, against what both have', '{"a": 1, "b": 3, "c": 4}', '{"a": 1, "b": 2}', 0.6],
  ['equal values, whatever the order of keys', '{"b": {"y": 1, "x": [2]}, "a": 1}', '{"a": 1, "b": {"x": [2], "y": 1}}', 1],
  ['nothing in common', '{"c": 1}', '{"a": 1}', 0],
  ['a prediction that is no JSON', '{a: 1', '{"a": 1}', 0],
  ['a prediction that is no object', '[1]', '{"a": 1}', 0],
  ['a reference that is no JSON', '{}', '{a: 1', null],
])('F1 of arguments: %s', (_case, said, right, expected) => {
  expect(score(call('f', said), call('f', right))).toEqual({ planEm: 1, actEm: 1, hallucination: 0, f1: expected, easyF1: null, hardF1: expected, rougeL: null });
});

test('a reference without arguments is easy: all or nothing; a wrong name is 0 for easy and hard ones', () => {
  expect(score(call('f', '{}'), call('f', '{}'))).toMatchObject({ f1: 1, easyF1: 1, hardF1: null });
  expect(score(call('f', '{"a": 1}'), call('f', '{}'))).toMatchObject({ f1: 0, easyF1: 0, hardF1: null });
  expect(score(call('g', '{}'), call('f', '{}'))).toMatchObject({ actEm: 0, f1: 0, easyF1: 0, hardF1: 0 });
});

test('a tool that is not listed is made up; a reference that names one is dropped', () => {
  expect(score(call('h', '{}'), call('f', '{}'))).toMatchObject({ hallucination: 1, planEm: 1, actEm: 0 });
  for (const name of ['h', 'invalid_hallucination_function_name']) expect(score(call('h', '{}'), call(name, '{}'))).toEqual({ planEm: null, actEm: null, hallucination: 0, f1: null, easyF1: null, hardF1: null, rougeL: null });
  expect(score(gaveUp, call('h', '{}'))).toMatchObject({ planEm: 0, actEm: 0 });
});

test('ROUGE-L of answers; who did not finish said "none"', () => {
  expect(score(finish({ final_answer: 'a b c d' }), finish({ final_answer: 'a b x y' }))).toMatchObject({ planEm: 1, actEm: null, f1: null, rougeL: 0.5 });
  expect(score(call('f', '{}'), finish({ final_answer: 'none left' }))).toMatchObject({ planEm: 0, rougeL: 2 / 3 });
  expect(score(call('f', '{}'), finish({}))).toMatchObject({ rougeL: 0 });
  expect(score(finish({}), finish({}))).toMatchObject({ rougeL: 1 });
});

test('a reference that gave up counts for the plan; in the published way only where the prediction gave up too', () => {
  expect(score(call('f', '{}'), gaveUp)).toMatchObject({ planEm: 0, hallucination: 0 });
  expect(score(call('f', '{}'), gaveUp, true)).toMatchObject({ planEm: null });
  expect(score(gaveUp, gaveUp, true)).toMatchObject({ planEm: 1, actEm: null });
});
