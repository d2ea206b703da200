import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Message } from '../row.js';
import { parseLossScale } from './loss-scale.js';
import type { LossScaleRule } from './weigh-response.js';

const turn = (user: string, assistant: string, extra: Partial<Message> = {}): Message[] => [
  { role: 'user', content: user },
  { role: 'assistant', content: assistant, ...extra },
];

/** What each piece of each message weighs, and then the end of the turn. */
function weigh(spec: string | LossScaleRule, messages: Message[]): (string | number)[][] {
  const weighing = parseLossScale(spec)(messages);
  if (!weighing) return [['plain']];
  return messages.map(({ role, content }, index) => {
    const pieces = role === 'assistant' ? weighing.said(content, index) : weighing.others(content);
    return [...pieces.flatMap(({ text, weight }) => [text, weight]), ...(role === 'assistant' ? [weighing.end(index)] : [])];
  });
}

describe('parseLossScale', () => {
  test('default needs no weighing, unless a message has a weight of its own', () => {
    expect(weigh('default', turn('q', 'a'))).toEqual([['plain']]);
    expect(weigh('base', turn('q', 'a'))).toEqual([['plain']]);
    expect(weigh('default', turn('q', 'a', { lossScale: 0.5 }))).toEqual([['q', 0], ['a', 0.5, 0.5]]);
    expect(weigh('default', [...turn('q', 'a', { loss: false }), ...turn('r', 'b')])).toEqual([['q', 0], ['a', 0, 0], ['r', 0], ['b', 1, 1]]);
  });

  test('last_round trains what follows the last question, all trains questions too', () => {
    const messages = [...turn('q', 'a'), ...turn('r', 'b')];
    expect(weigh('last_round', messages)).toEqual([['q', 0], ['a', 0, 0], ['r', 0], ['b', 1, 1]]);
    expect(weigh('all', messages)).toEqual([['q', 1], ['a', 1, 1], ['r', 1], ['b', 1, 1]]);
    expect(weigh('last_round', [...turn('q', 'a', { loss: true }), ...turn('r', 'b')])[1]).toEqual(['a', 1, 1]);
  });

  test('scales in a chain cut on, and their weights multiply', () => {
    const answer = '<think>\n</think>\n\n<tool_call>x</tool_call>';
    expect(weigh('hermes+ignore_empty_think', turn('q', answer))[1]).toEqual(['<think>\n</think>\n\n', 0, '<tool_call>x</tool_call>', 2, 1]);
    expect(weigh('react+react', turn('q', 'Action: f'))[1]).toEqual(['Action:', 4, ' f', 2, 1]);
    expect(weigh('last_round+hermes', [...turn('q', answer), ...turn('r', answer)]).map((row) => row.at(-1))).toEqual([0, 0, 0, 1]);
  });

  test('agentflan weighs the whole answer where the question asks for a parameter', () => {
    expect(weigh('agentflan', turn('What is the value of x?', 'Action: 3'))[1]).toEqual(['Action: 3', 3, 1]);
    expect(weigh('agentflan', turn('Do it', 'Action: 3'))[1]).toEqual(['Action:', 1, ' 3', 3, 1]);
  });

  // Made by tests/parity/make-loss-scale-fixtures.py.
  test('cuts and weighs answers as ms-swift does', () => {
    const cases = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/parity/fixtures/training/loss-scales.json'), 'utf8')) as [string, string, string, [string, number][]][];
    expect(cases.length).toBeGreaterThan(100);
    for (const [scale, question, answer, expected] of cases) {
      const joined: [string, number][] = [];
      for (const { text, weight } of parseLossScale(scale)(turn(question, answer))!.said(answer, 1)) {
        const last = joined.at(-1);
        if (last?.[1] === weight) last[0] += text;
        else joined.push([text, weight]);
      }
      expect([scale, answer, joined]).toEqual([scale, answer, expected]);
    }
  });

  test('takes a rule of one\'s own', () => {
    expect(weigh({ 'SQL:': [0, 5] }, turn('q', 'SQL: 1'))[1]).toEqual(['SQL:', 0, ' 1', 5, 1]);
  });

  test.each([
    ['reakt', 'unknown-loss-scale', /expected default, last_round, all or a scale \(base, react/],
    ['react+default', 'unknown-loss-scale', /with the strategy first; got "default"/],
    ['', 'unknown-loss-scale', /got ""/],
    [{ 'A:': [1, 2, 3] }, 'bad-loss-scale', /"A:": expected two weights/],
    [{ 'A:': [1, Number.NaN] }, 'bad-loss-scale', /expected two weights/],
    [{ '(': [1] }, 'bad-loss-scale', /expected a regular expression/],
  ] as const)('refuses %j', (spec, code, message) => {
    expect(() => parseLossScale(spec)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
