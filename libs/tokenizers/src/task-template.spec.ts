import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exactNumbers } from './jinja/values.js';
import { TaskTemplate } from './task-template.js';

interface Fixture {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly templates: readonly (readonly [template: string, text: string])[];
  readonly refused: readonly string[];
}

const jinja = JSON.parse(readFileSync(join(import.meta.dirname, '../../../tests/parity/fixtures/evaluation/jinja.json'), 'utf8'), exactNumbers) as Fixture;

test('writes what Jinja2 of the harness writes: filters, tests, methods, loops, numbers, blanks', () => {
  for (const [template, text] of jinja.templates) expect([template, new TaskTemplate(template).render(jinja.fields)]).toEqual([template, text]);
  expect(jinja.templates.length).toBeGreaterThan(390);
});

test('refuses what Jinja2 refuses', () => {
  for (const template of jinja.refused) expect(() => new TaskTemplate(template).render(jinja.fields), template).toThrow(/cannot be (?:parsed|rendered)/);
  expect(jinja.refused.length).toBeGreaterThan(15);
});

const fields = { question: ' What? ', n: 3, half: 0.5, yes: true, nothing: null, options: ['red', "it's"], choices: { text: ['a', 'b'], label: ['A', 'B'] }, answerKey: 'B', rows: [{ word: 'x' }, { word: 'y' }] };

// What Jinja2 3.1 of Python makes of these.
test.each([
  ['{{question.strip()}}\nA. {{options[0]}}', 'What?\nA. red'],
  ['{{n}} {{half}} {{yes}} {{nothing}} {{n / 3}} {{0.00001}}', '3 0.5 True None 1.0 1e-05'],
  ['{{options}} {{choices}}', `['red', "it's"] {'text': ['a', 'b'], 'label': ['A', 'B']}`],
  ['{{choices.label.index(answerKey)}}', '1'],
  ['{% if yes %}\n  one\n{% endif %}\n', '\n  one\n\n'],
  ['line\n', 'line\n'],
  ['{% for o in options %}{{loop.index}}. {{o}} {% endfor %}', "1. red 2. it's "],
  ['{{ missing is defined }} {{ missing | default("none") }} {{ choices.other is defined }}', 'False none False'],
  ['{{ options | join(", ") }} {{ rows | map(attribute="word") | join("-") }} {{ options | map("upper") | join }}', "red, it's x-y REDIT'S"],
  ['{{ "a1b22" | regex_replace("[0-9]+", "#") }} {{ "aaa" | regex_replace("a", "b", 2) }} {{ "ab" | regex_replace("(a)(b)", "\\\\2\\\\1") }}', 'a#b# bba ba'],
  ['{{ "--x--".strip("-") }} {{ "a b".title() }} {{ "hELLO"|capitalize }} {{ "a,b,c".rsplit(",", 1) }}', "x A B Hello ['a,b', 'c']"],
  ['{{ ["no", "yes"][n - 2] }} {{ "x" ~ n }} {{ "ab" * 2 }} {{ n == 3.0 }} {{ n == "3" }}', 'yes x3 abab True False'],
  ["{{ 'a[b]c\\n' | regex_replace('\\[.*?\\]', '') }}|", 'ac\n|'],
  ['{{ options[-1] }}{% set word = options[0] %} {{ word | upper }} {{ word | length }}', "it's RED 3"],
  ['{{ question.split()[0] }} {{ answerKey in choices.label }} {{ "12".isdigit() }}', 'What? True True'],
])('%j', (source, expected) => {
  expect(new TaskTemplate(source).render(fields)).toBe(expected);
});

test('a single expression keeps its value', () => {
  expect(new TaskTemplate('{{choices.text}}').value(fields)).toEqual(['a', 'b']);
  expect(new TaskTemplate('{{[options[0], n]}}').value(fields)).toEqual(['red', 3]);
  expect(new TaskTemplate('n = {{n}}').value(fields)).toBe('n = 3');
  expect(new TaskTemplate('plain').value(fields)).toBe('plain');
});

test.each([
  ['{{ missing }}', 'task-template-failed', 'missing is not defined'],
  ['{{ choices.other }}', 'task-template-failed', 'other is not defined'],
  ['{% if missing %}x{% endif %}', 'task-template-failed', 'missing'],
  ['{{ n + "x" }}', 'task-template-failed', 'use ~'],
  ['{{ choices.label.index("Z") }}', 'task-template-failed', 'no "Z"'],
  ['{% for i in range(1000000) %}{{ i }}{% endfor %}', 'task-template-failed', 'exceeds 200000 items'],
  ['{{ question', 'task-template-syntax', 'cannot be parsed'],
])('%j is refused with the reason', (source, code, reason) => {
  expect(() => new TaskTemplate(source).render(fields)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(reason) }));
});
