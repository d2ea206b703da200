import fc from 'fast-check';
import { containsAnswer, normalizeAnswer } from './contains-answer.js';

describe('containsAnswer', () => {
  test.each([
    ['I am Juniper, an assistant.', 'Juniper', true],
    ["I'm JUNIPER!", 'juniper', true],
    ['My name is\n"Juniper".', 'Juniper', true],
    ["Juniper's answer", 'Juniper', true],
    ['I am Jane.', 'Juniper', false],
    ['Junipers grow slowly.', 'Juniper', false],
    ['It is 14.', '4', false],
    ['It is 4.', '4', true],
    ['Hannah', 'Ann', false],
    ['by Northwind  Labs', 'northwind labs', true],
    ['Jean Luc', 'Jean-Luc', true],
    ['我是Juniper。', 'Juniper', true],
    ['我叫杜松子', '杜松', true],
    ['ｊｕｎｉｐｅｒ', 'Juniper', true],
    ['C++ and C', 'C++', true],
    ['anything', '...', false],
    ['', 'Juniper', false],
  ])('%j with %j expected: %j', (answer, expected, right) => {
    expect(containsAnswer(answer, expected)).toBe(right);
  });

  test('a text always contains itself, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, around) => {
        fc.pre(normalizeAnswer(text) !== '');
        expect(containsAnswer(text, text)).toBe(true);
        expect(containsAnswer(`${around} , ${text} . ${around}`, text)).toBe(true);
      }),
    );
  });
});
