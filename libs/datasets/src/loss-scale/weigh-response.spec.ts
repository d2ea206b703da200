import fc from 'fast-check';
import { builtInScales } from './built-in-scales.js';
import { weighResponse } from './weigh-response.js';

const pieces = (text: string, rule: Record<string, readonly number[]>) => weighResponse(text, rule).map(({ text: part, weight }) => [part, weight]);

describe('weighResponse', () => {
  test("the reference's test vector: thought, action, its input, and an observation that is masked", () => {
    expect(pieces('Thought: a\nAction: f\nAction Input: {}\nObservation: r', builtInScales.react!.response)).toEqual([
      ['Thought:', 1], [' a\n', 1], ['Action:', 2], [' f\n', 2], ['Action Input:', 2], [' {}\n', 2], ['Observation:', 2], [' r', 0],
    ]);
  });

  test('text before the first marker weighs 1; of markers at one place the first of the rule is taken', () => {
    expect(pieces('so: abc', { a: [2, 3], ab: [5, 7] })).toEqual([['so: ', 1], ['a', 2], ['bc', 3]]);
    expect(pieces('so: abc', { ab: [5, 7], a: [2, 3] })).toEqual([['so: ', 1], ['ab', 5], ['c', 7]]);
    expect(pieces('Action:', { 'Action:': [2, 4] })).toEqual([['Action:', 2]]);
  });

  test('a regular expression weighs what it matches, over line breaks too, and where it is anchored only there', () => {
    expect(pieces('x <tool_call>\n{}\n</tool_call> y', builtInScales.hermes!.response)).toEqual([['x ', 1], ['<tool_call>\n{}\n</tool_call>', 2], [' y', 1]]);
    const { response } = builtInScales.ignore_empty_think!;
    expect(pieces('<think>\n\n</think>\n\nHi', response)).toEqual([['<think>\n\n</think>\n\n', 0], ['Hi', 1]]);
    expect(pieces('<think>why</think>\n\nHi', response)).toEqual([['<think>why</think>\n\nHi', 1]]);
    expect(pieces('Hi <think></think>', response)).toEqual([['Hi <think></think>', 1]]);
  });

  test('markers go before regular expressions, which cut what stands before the first of them', () => {
    expect(pieces('b1 b2 M b3', { 'b\\d': [4], M: [2, 3] })).toEqual([['b1', 4], [' ', 1], ['b2', 4], [' ', 1], ['M', 2], [' b3', 3]]);
  });

  test('the pieces are the text, whatever the rule', () => {
    const word = fc.constantFrom('Action:', 'Observation:', ' x', '\n', '.*', '<a>', '</a>', '(', '-');
    fc.assert(
      fc.property(fc.array(word).map((words) => words.join('')), fc.dictionary(word, fc.tuple(fc.nat(3), fc.nat(3))), fc.boolean(), (text, markers, withPattern) => {
        const parts = weighResponse(text, withPattern ? { '<a>.*?</a>': [2], ...markers } : markers);
        expect(parts.map((part) => part.text).join('')).toBe(text);
        expect(parts.every((part) => part.text !== '')).toBe(true);
      }),
    );
  });
});
