import { parsePythonLiteral } from './python-literal.js';

test('reads what Python writes', () => {
  expect(parsePythonLiteral(`['a', "it's", 1.5, -2, True, None, ('x',), {'k': [1]}, 'a' 'b', '\\x41\\u00e9\\n']`)).toEqual(['a', "it's", 1.5, -2, true, null, ['x'], { k: [1] }, 'ab', 'Aé\n']);
  expect(parsePythonLiteral(`['''one
Is it "so"? it's''', """two""", '', ""]`)).toEqual(['one\nIs it "so"? it\'s', 'two', '', '']);
  expect(parsePythonLiteral(' [] ')).toEqual([]);
  expect(parsePythonLiteral('{"__proto__": 1}')).toEqual(Object.defineProperty({}, '__proto__', { value: 1, enumerable: true }));
});

test.each(['[1', "['a]", '[a]', 'open()', '[1] 2', '{1}', '', "'a\nb'", "'''a'"])('%j is none', (text) => {
  expect(parsePythonLiteral(text)).toBeUndefined();
});
