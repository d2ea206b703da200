import fc from 'fast-check';
import { EditDistance } from './edit-distance.js';
import { slowEditDistance } from './testing/slow-alignment.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

test.each([
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['', '', 0],
  [' the', 'the', 1],
  ['flaw', 'lawn', 2],
  ['é', 'e', 2], // two bytes
])('%j to %j takes %d', (one, other, expected) => {
  expect(new EditDistance().from(bytes(one)).to(bytes(other))).toBe(expected);
});

test('is what the definition says, whatever the lengths, with one object for all patterns', () => {
  const distance = new EditDistance();
  const text = fc.uint8Array({ maxLength: 70, max: 5 });
  fc.assert(
    fc.property(text, fc.array(text, { maxLength: 4 }), (pattern, others) => {
      distance.from(pattern);
      for (const other of others) expect(distance.to(other)).toBe(slowEditDistance(pattern, other));
    }),
    { seed: 6, numRuns: 300 },
  );
});

test('knows words of exactly 31, 32 and 33 bytes', () => {
  const distance = new EditDistance();
  for (const length of [31, 32, 33]) {
    const pattern = Uint8Array.from({ length }, (_, place) => place % 3);
    const other = Uint8Array.from({ length: length + 2 }, (_, place) => place % 4);
    expect(distance.from(pattern).to(other)).toBe(slowEditDistance(pattern, other));
    expect(distance.to(pattern)).toBe(0);
  }
});

test('reads a stretch of many texts', () => {
  expect(new EditDistance().from(bytes('fox')).to(bytes('the fog'), 4, 7)).toBe(1);
});
