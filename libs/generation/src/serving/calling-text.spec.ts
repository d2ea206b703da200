import { CallingText } from './calling-text.js';

const names = ['get_weather', 'f'];

/** What is heard piece by piece, and how it ends. */
function read(answer: string, size: number, end: 'stop' | 'length' = 'stop') {
  const text = new CallingText(names);
  const pieces: string[] = [];
  for (let at = 0; at < answer.length; at += size) pieces.push(text.add(answer.slice(at, at + size)));
  const rest = text.finish(end);
  return { pieces: pieces.filter(Boolean), said: pieces.join(''), rest: rest.text, calls: rest.calls };
}

const weather = { name: 'get_weather', arguments: { city: 'Oslo' } };
const hermes = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>';

test.each([
  ['', hermes, [weather]],
  ['Let me look.', `Let me look.\n\n${hermes}\n${hermes}`, [weather, weather]],
  ['Thought: I need the weather.', 'Thought: I need the weather.\nAction: get_weather\nAction Input: {"city": "Oslo"}', [weather]],
  ['', ' [get_weather(city="Oslo")]', [weather]],
  ['', 'get_weather(city="Oslo")', [weather]],
  ['', '{"name": "get_weather", "parameters": {"city": "Oslo"}}', [weather]],
  ['', '```tool_code\nget_weather(city="Oslo")\n```', [weather]],
])('%j is said before the calls of %j, however it comes', (said, answer, calls) => {
  for (const size of [1, 3, 1000]) expect(read(answer, size)).toMatchObject({ said, rest: '', calls });
});

test('what calls nothing is text, whole: words, JSON, functions that nobody offered, what a limit has cut', () => {
  for (const answer of ['It is warm.\n', 'get warm', '{"city": "Oslo"}', 'other(city="Oslo")', '<tool_call>{"name": "other", "arguments": {}}</tool_call>', 'a < b, <tool_box>', 'Action: none needed', hermes.slice(0, 40)]) {
    for (const size of [1, 1000]) {
      const { said, rest, calls } = read(answer, size);
      expect([said + rest, calls]).toEqual([answer, []]);
    }
  }
  expect(read(hermes, 1, 'length')).toMatchObject({ rest: hermes, calls: [] });
});

test('words come out while they come', () => {
  expect(read('It is warm in Oslo.', 6).pieces).toEqual(['It is', ' warm i', 'n Oslo', '.']);
});
