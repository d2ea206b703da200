import { lexicalDiversity } from './lexical-diversity.js';
import { verbNounFinder } from './root-verb-noun.js';
import { wordsOf } from './words-of.js';

describe('MTLD', () => {
  const made = (count: number, vocabulary: number, step: number): string[] => Array.from({ length: count }, (_, place) => `w${(place * place * step + place * 3) % vocabulary}`);

  test('is what lexicalrichness 0.5.1 computes', () => {
    expect(lexicalDiversity(made(200, 97, 7))).toBeCloseTo(50, 10);
    expect(lexicalDiversity(made(57, 11, 2))).toBeCloseTo(5.7, 10);
    expect(lexicalDiversity(made(40, 1000, 13))).toBeCloseTo(448, 9);
    const text = 'the cat sat on the mat and the dog sat on the log and then the cat and the dog saw the bird on the wire above the mat';
    expect(lexicalDiversity(text.split(' '))).toBeCloseTo(12.592105263157896, 10);
  });

  test('of no words is 0, of words that never repeat their number', () => {
    expect([lexicalDiversity([]), lexicalDiversity(['a', 'b', 'c'])]).toEqual([0, 3]);
  });
});

test.each([
  ['Write a short poem about the sea.', 'write poem'],
  ['Give me three tips for better sleep.', 'give tip'],
  ['Can you list the largest rivers of Asia?', 'list river'],
  ['How do I bake a chocolate cake?', 'bake cake'],
  ['Given a list of numbers, compute the average.', 'compute average'],
  ['Please translate the following sentence into French: hello', 'translate sentence'],
  ['Describe the taste of quince.', 'describe taste'],
  ['Explain how volcanoes form.', undefined],
  ['What is the capital of France?', undefined],
  ['', undefined],
])('root verb and noun of "%s"', async (text, expected) => {
  const pair = (await verbNounFinder())(text);
  expect(pair && `${pair.verb} ${pair.noun}`).toBe(expected);
});

test('words are letters and digits with what joins them', () => {
  expect(wordsOf("Don't re-read 3 books, élan! 你好")).toEqual(["don't", 're-read', '3', 'books', 'élan', '你', '好']);
});
