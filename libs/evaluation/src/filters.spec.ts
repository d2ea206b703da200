import { filters, findFilter } from './filters.js';

const apply = (name: string, settings: object, responses: unknown, document: object = {}) => findFilter(name).prepare(settings as Record<string, unknown>)(responses, document as Record<string, unknown>);

test.each([
  ['regex', {}, ['#### 12', 'none'], ['12', '[invalid]']],
  ['regex', { regex_pattern: '(-?[$0-9.,]{2,})|(-?[0-9]+)', group_select: -1 }, ['1 then 23', 'no'], ['23', '[invalid]']],
  ['regex', { regex_pattern: 'answer is (\\w+)', fallback: '?' }, [' the answer is  yes.'], ['?']],
  ['remove_whitespace', {}, [' a ', 'b\n'], ['a', 'b']],
  ['lowercase', {}, ['AbC'], ['abc']],
  ['uppercase', {}, ['AbC'], ['ABC']],
  ['map', { mapping_dict: { yes: 1, no: 0 }, default_value: -1 }, ['yes', 'no', 'maybe'], [1, 0, -1]],
  ['map', {}, ['x'], [null]],
  ['take_first', {}, ['a', 'b'], 'a'],
  ['take_first_k', { k: 2 }, ['a', 'b', 'c'], ['a', 'b']],
  ['majority_vote', {}, ['a', 'b', 'b', 'a', 'c'], ['a']],
  ['prepend', { field: 'prompt' }, ['a', 'b'], ['> a', '> b'], { prompt: '> ' }],
  ['cut_at', { text: '```' }, ['a\n```\nso', 'b', '```'], ['a\n', 'b', '']],
  ['code_block', {}, ['So:\n```python\nx = 1\ny = 2\n```\n```\nz\n```', '```\nx', 'x = 1'], ['x = 1\ny = 2', 'x', 'x = 1']],
])('%s with %j of %j', (name, settings, responses, expected, document: object = {}) => {
  expect(apply(name, settings, responses, document)).toEqual(expected);
});

test('multi_choice_regex finds a letter, the text of a choice, or a letter after a colon', () => {
  const document = { choices: ['Guilty', 'Guilty of Romance', 'Free'] };
  const settings = { regex_pattern: '(\\([A-Z]\\))', group_select: -1, ignore_case: true, ignore_punctuation: true };
  expect(apply('multi_choice_regex', settings, ['It is (B).', 'guilty of romance!', 'Answer: C', 'dunno'], document)).toEqual(['(B)', '(B)', '(C)', '[invalid]']);
  expect(() => apply('multi_choice_regex', {}, ['x'])).toThrow(expect.objectContaining({ code: 'filter-not-applicable' }));
});

test('names are told apart, and wrong names and settings refused', () => {
  expect(new Set(filters.map(({ name }) => name)).size).toBe(filters.length);
  expect(() => findFilter('custom')).toThrow(expect.objectContaining({ code: 'filter-unknown', message: expect.stringContaining('regex') }));
  expect(() => findFilter('regex').prepare({ pattern: 'x' })).toThrow(expect.objectContaining({ code: 'filter-invalid' }));
  expect(() => apply('prepend', { field: 'prompt' }, ['a'], { prompt: 1 })).toThrow(expect.objectContaining({ code: 'filter-not-applicable', message: expect.stringContaining('"prompt"') }));
  expect(() => apply('take_first_k', { k: 3 }, ['a'])).toThrow(expect.objectContaining({ code: 'filter-not-applicable' }));
});
