import { expressionsIn, stepOutput, substitute } from './expression.js';

test('expressions are found and replaced wherever they stand', () => {
  const value = { model: '${{steps.merge.model}}', list: ['${{ event.dataset }}', 1, null], text: 'of ${{ event.dataset }} and ${{ steps.a.b }}' };
  expect(expressionsIn(value)).toEqual(['steps.merge.model', 'event.dataset', 'event.dataset', 'steps.a.b']);
  expect(substitute(value, (expression) => (expression === 'steps.a.b' ? undefined : `<${expression}>`))).toEqual({
    model: '<steps.merge.model>', list: ['<event.dataset>', 1, null], text: 'of <event.dataset> and ${{ steps.a.b }}',
  });
});

test('null is a value like any other, also among the items of a list', () => {
  expect(substitute({ one: '${{ a }}', list: ['${{ a }}', '${{ b }}'] }, (expression) => (expression === 'a' ? null : undefined))).toEqual({ one: null, list: [null, '${{ b }}'] });
});

test('a step output is taken apart', () => {
  expect(stepOutput('steps.v1.2.model')).toEqual({ step: 'v1.2', output: 'model' });
  expect(stepOutput('event.dataset')).toBeUndefined();
});
