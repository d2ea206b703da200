import fc from 'fast-check';
import { GateConditionError } from './gate-condition-error.js';
import { gateMetrics, judge, parseGateCondition } from './gate-condition.js';

const metrics = { 'helpdesk-qa.exact_match': 0.85, 'forgetting.loss_increase': 0.03, '2wiki.f1': 0.5, broken: Number.NaN };

test.each([
  ['helpdesk-qa.exact_match >= 0.8 and forgetting.loss_increase <= 0.05', true],
  ['helpdesk-qa.exact_match >= 0.9 or forgetting.loss_increase <= 0.05', true],
  ['helpdesk-qa.exact_match >= 0.9', false],
  ['not helpdesk-qa.exact_match >= 0.9', true],
  ['not (2wiki.f1 == .5 or 1 > 2)', false],
  ['2wiki.f1 != 5e-1', false],
  ['-1 < 2wiki.f1', true],
  // `and` binds tighter than `or`.
  ['1 == 1 or 1 == 2 and 1 == 3', true],
  ['(1 == 1 or 1 == 2) and 1 == 3', false],
])('%s is %s', (condition, expected) => {
  expect(judge(condition, metrics).holds).toBe(expected);
});

test('the verdict keeps the values that it was made of', () => {
  expect(judge('2wiki.f1 > 0.1 and helpdesk-qa.exact_match > 2wiki.f1', metrics).values).toEqual({ '2wiki.f1': 0.5, 'helpdesk-qa.exact_match': 0.85 });
});

test.each([
  ['', /expected a metric name or a number at character 1; got "the end"/],
  ['a', /expected a comparison/],
  ['a >= ', /expected a metric name or a number at character 6/],
  ['(1 < 2', /closing bracket/],
  ['1 < 2 3', /expected and, or or the end at character 7; got "3"/],
  ['1 < 2 < 3', /do not chain/],
  ['a = 1', /at character 3; got "="/],
  ['process.exit() > 1', /at character 13/],
  ['a > 1 && b > 1', /got "&"/],
  ['('.repeat(200), /at most 100/],
  ['a > 1 with', /a confidence above 50 and below 100.* at character 11; got "the end"/],
  ['a > 1 with 95 confidence', /% after the confidence at character 15/],
  ['a > 1 with 95%', /the word confidence at character 15/],
  ['a > 1 with 100% confidence', /below 100.*got "100"/],
  ['a > 1 with 50% confidence', /above 50/],
  ['a == 1 with 95% confidence', /one of <, <=, >, >=/],
  ['1 > 0 with 95% confidence', /a metric to be sure of/],
  ['a > 1 with 95% confidence > 2', /expected and, or or the end/],
])('"%s" is refused with its place', (condition, message) => {
  expect(() => parseGateCondition(condition)).toThrow(message);
});

test('an unknown or non-finite metric is an error that lists the known ones, also where it would not decide', () => {
  const attempt = () => judge('1 == 1 or (exact_match > 1 and broken > 0)', metrics);
  expect(attempt).toThrow(/got exact_match, broken/);
  expect(attempt).toThrow(/2wiki\.f1, forgetting\.loss_increase, helpdesk-qa\.exact_match/);
});

test('metrics of several steps are named short where that is clear, and long always', () => {
  expect(gateMetrics({ before: { loss: 2, same: 1 }, after: { loss: 3, same: 1, nested: { deep: 4, list: [5], ok: true, text: 'x' } } })).toEqual({
    'before.loss': 2, 'before.same': 1, 'after.loss': 3, 'after.same': 1, 'after.nested.deep': 4, 'after.nested.ok': 1, same: 1, 'nested.deep': 4, 'nested.ok': 1,
  });
});

test('any text either parses or is refused as a gate condition, never otherwise', () => {
  const words = fc.constantFrom('and', 'or', 'not', '(', ')', '<', '>=', '!=', 'a.b', '0.5', ' ', '-', '.', '"', '\u0000', 'with 95% confidence', '%');
  fc.assert(fc.property(fc.oneof(fc.string(), fc.array(words).map((list) => list.join(' '))), (text) => {
    try {
      parseGateCondition(text);
    } catch (error) {
      expect(error).toBeInstanceOf(GateConditionError);
    }
  }));
});

test('a condition and its negation never agree', () => {
  const comparison = fc.tuple(fc.constantFrom('<', '<=', '>', '>=', '==', '!='), fc.integer({ min: -3, max: 3 })).map(([operator, number]) => `x ${operator} ${number}`);
  const condition = fc.array(comparison, { minLength: 1, maxLength: 4 }).chain((parts) => fc.array(fc.constantFrom('and', 'or'), { minLength: 3, maxLength: 3 }).map((joins) =>
    parts.reduce((text, part, index) => `(${text}) ${joins[index - 1]!} ${part}`)));
  fc.assert(fc.property(condition, fc.integer({ min: -3, max: 3 }), (text, x) => {
    expect(judge(`not (${text})`, { x }).holds).toBe(!judge(text, { x }).holds);
  }));
});
