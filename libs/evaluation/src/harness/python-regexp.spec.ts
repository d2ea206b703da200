import { findAll, pythonRegExp } from './python-regexp.js';

// Each with what re.findall of CPython gives.
test.each([
  ['#### (\\-?[0-9\\.\\,]+)', 'so\n#### -1,234.5 #### 7', ['-1,234.5', '7']],
  ['(-?[$0-9.,]{2,})|(-?[0-9]+)', 'a 5 b $10.', [['', '5'], ['$10.', '']]],
  ['(?s).*#### ', 'one\n#### two', ['one\n#### ']],
  ['(?i)yes|no', 'YES no', ['YES', 'no']],
  ['\\w+', 'naïve Ärger', ['naïve', 'Ärger']],
  ['[\\w-]+\\Z', 'a-b c-d', ['c-d']],
  ['(?P<q>["\'])x(?P=q)', '"x" \'x"', ['"']],
  ['[^\\d]', '1a٣', ['a']],
  ['[]a]+', 'a]b', ['a]']],
  ['a{,2}b|{x}', 'aab {x}', ['aab', '{x}']],
  ['answer: (.*)$', 'answer: 7\n', ['7']],
  ['(?m)^(.+)$', 'a\r\nb\u2028c\n', ['a\r', 'b\u2028c']],
  ['(\\b[ABCD]\\b)', '답A는 (C)입니다', ['C']],
  ['\\B\\w|\\bé', 'é 東京', ['é', '京']],
  ['\\S+', 'a\x1cb\ufeffc', ['a', 'b\ufeffc']],
  ['(?#note)a.b', 'a\rb a\nb', ['a\rb']],
])('%j', (pattern, text, found) => {
  expect(findAll(pythonRegExp(pattern), text)).toEqual(found);
});

test('refuses what it cannot read, with the pattern', () => {
  expect(() => pythonRegExp('(')).toThrow(expect.objectContaining({ code: 'pattern-invalid', message: expect.stringContaining('"("') }));
  expect(() => pythonRegExp('(?x)a')).toThrow(expect.objectContaining({ code: 'pattern-invalid' }));
});
