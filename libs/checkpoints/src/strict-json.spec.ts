import fc from 'fast-check';
import { parseStrictJson, StrictJsonError, type StrictJson } from './strict-json.js';

function plain(value: StrictJson): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

const reasonOf = (text: string): string => {
  try {
    parseStrictJson(text);
  } catch (error) {
    if (error instanceof StrictJsonError) return error.reason;
  }
  return 'accepted';
};

describe('parseStrictJson', () => {
  it('agrees with JSON.parse on what it accepts', () => {
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, fc.string({ unit: 'binary' }), fc.nat(), fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(fc.string(), tie('tree'), { maxKeys: 3 })),
    }));
    fc.assert(
      fc.property(tree, fc.boolean(), (value, spaced) => {
        const text = JSON.stringify(value, null, spaced ? 2 : 0);
        expect(plain(parseStrictJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('keeps __proto__ an ordinary key', () => {
    const value = parseStrictJson('{"__proto__":{"a":1}}');
    expect(value).toEqual(new Map([['__proto__', new Map([['a', 1]])]]));
  });

  it.each([
    ['{"a":1,"a":2}', 'duplicate-key'],
    ['{"a":1,"\\u0061":2}', 'duplicate-key'],
    ['9007199254740993', 'unsafe-integer'],
    ['18446744073709551614', 'unsafe-integer'],
    ['[-1]', 'unsafe-integer'],
    ['[1.5]', 'unsafe-integer'],
    ['[1e3]', 'unsafe-integer'],
    ['[01]', 'unsafe-integer'],
    ['{', 'syntax'],
    ['{"a"}', 'syntax'],
    ['[1,]', 'syntax'],
    ['"a', 'syntax'],
    ['"a\\', 'syntax'],
    ['"\u0001"', 'syntax'],
    ['"\\x"', 'syntax'],
    ['true', 'syntax'],
    ['null', 'syntax'],
    ['', 'syntax'],
    ['{} x', 'syntax'],
    ['['.repeat(100_000), 'syntax'],
  ])('refuses %.40s', (text, reason) => expect(reasonOf(text)).toBe(reason));
});
