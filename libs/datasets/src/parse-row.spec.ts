import { formats } from './formats/formats.js';
import { parseRow, type ParsedRecord } from './parse-row.js';
import { serializeRow } from './row.js';

function parse(value: unknown): { record: ParsedRecord | undefined; problems: string[] } {
  const problems: string[] = [];
  const record = parseRow(value, (code, message) => problems.push(`${code}: ${message}`));
  return { record, problems };
}

const question = { role: 'user', content: 'Q' };
const answer = { role: 'assistant', content: 'A' };
const system = { role: 'system', content: 'S' };

describe('parseRow', () => {
  test.each([
    ['messages', { messages: [system, question, answer] }, [system, question, answer]],
    ['sharegpt', { id: 'x', system: 'S', conversations: [{ from: 'human', value: 'Q' }, { from: 'gpt', value: 'A' }] }, [system, question, answer]],
    ['sharegpt', { conversations: [system, question, answer] }, [system, question, answer]],
    ['alpaca', { instruction: 'Q', input: '', output: 'A' }, [question, answer]],
    ['alpaca', { instruction: 'Q', input: 'more', output: 'A', text: 'as rendered' }, [{ role: 'user', content: 'Q\nmore' }, answer]],
    ['alpaca', { instruction: 'Q', output: 'A', history: [['q', 'a']], system: null }, [{ role: 'user', content: 'q' }, { role: 'assistant', content: 'a' }, question, answer]],
    ['query-response', { system: 'S', query: 'Q', response: 'A', history: [] }, [system, question, answer]],
    ['self-instruct', { id: 'seed_task_1', name: 'n', instruction: 'Q', instances: [{ input: 'more', output: 'A' }, { input: '', output: 'B' }], is_classification: false }, [{ role: 'user', content: 'Q\nmore' }, answer]],
    ['instruction-response', { instruction: 'Q', response: 'A', instruction_source: 'alpaca' }, [question, answer]],
    ['prompt-completion', { prompt: 'Q', completion: 'A' }, [question, answer]],
    ['messages', { messages: [question, { ...answer, loss: false, loss_scale: 2 }] }, [question, { ...answer, loss: false, lossScale: 2 }]],
  ])('reads %s rows', (format, value, messages) => {
    const { record, problems } = parse(value);
    expect(problems).toEqual([]);
    expect(record).toMatchObject({ format, row: { messages } });
  });

  test('every format reads its own example', () => {
    for (const format of formats) expect(parse(JSON.parse(format.example))).toMatchObject({ problems: [], record: { format: format.name } });
  });

  test('keeps where a generated row comes from, and refuses an origin that it does not know', () => {
    const origin = { source: 'lot', teacher: 't', prompt: 'topic-guided', seeds: [3, 17], topics: ['Law'], samplingSeed: 7 };
    const row = parse({ messages: [question, answer], origin }).record!.row;
    expect(row.origin).toEqual(origin);
    expect(serializeRow({ ...row, split: 'train', origin: { samplingSeed: 7, source: 'lot' } })).toContain('"origin":{"source":"lot","samplingSeed":7}');
    for (const wrong of [{}, { source: '' }, { ...origin, extra: 1 }, { source: 'x', seeds: ['a'] }, { source: 'x', samplingSeed: -1 }, 'x']) {
      expect(parse({ messages: [question, answer], origin: wrong }).problems).toEqual([expect.stringContaining('bad-value: origin: expected {"source"')]);
    }
  });

  test('keeps split, tags, what is expected, and who answers', () => {
    expect(parse({ messages: [question], split: 'validation', tags: ['a', 'b', 'a'], expect: 'x', answerWith: 'self' }).record?.row).toEqual({
      messages: [question],
      split: 'validation',
      tags: ['a', 'b'],
      expect: 'x',
      answerWith: 'self',
    });
    expect(parse({ query: 'Q', answerWith: 'self' }).record?.row).toEqual({ messages: [question], tags: [], answerWith: 'self' });
  });

  test('reads plain text as it stands', () => {
    expect(parse({ text: ' two\n\nlines ', split: 'train', tags: ['a'] }).record).toEqual({ row: { messages: [], text: ' two\n\nlines ', split: 'train', tags: ['a'] }, format: 'text', ignored: [] });
  });

  test.each([
    ['preference', { prompt: 'Q', chosen: 'A', rejected: 'B' }],
    ['preference', { prompt: [question], chosen: [answer], rejected: [{ role: 'assistant', content: 'B' }] }],
    ['preference', { chosen: [question, answer], rejected: [question, { role: 'assistant', content: 'B' }] }],
    ['preference', { prompt: 'Q', prompt_id: 'x', chosen: [question, answer], rejected: [question, { role: 'assistant', content: 'B' }], messages: [question, answer], score_chosen: 8, score_rejected: 2 }],
    ['messages', { messages: [question, answer], rejected_response: 'B' }],
    ['messages', { messages: [question, answer], rejected: 'B' }],
  ])('reads %s rows with a wanted answer and another: %j', (format, value) => {
    expect(parse(value)).toMatchObject({ problems: [], record: { format, row: { messages: [question, answer], rejected: 'B' } } });
  });

  test('names the keys that it left out', () => {
    expect(parse({ id: 7, query: 'Q', response: 'A' }).record?.ignored).toEqual(['id']);
  });

  test.each([
    [3, 'not-an-object: expected a JSON object; got 3'],
    [[question], 'not-an-object: expected a JSON object'],
    [{}, 'unknown-format: expected one of {"messages"'],
    [{ words: 'raw' }, 'got the keys "words"'],
    [{ messages: [question, answer], query: 'Q' }, 'unknown-format: expected one form of row; got the keys of several: "messages" (messages), "query" (query-response)'],
    [{ messages: [question, answer], source: 'web' }, 'unknown-key: unknown key "source"; a messages row has messages, tools, rejected, rejected_response, split'],
    [{ messages: [question, { ...answer, name: 'x' }] }, 'unknown-key: messages[1]: unknown key "name"'],
    [{ messages: 'hello' }, 'bad-value: messages: expected a list of messages; got "hello"'],
    [{ messages: [question, 'A'] }, 'bad-value: messages[1]: expected an object with role and content; got "A"'],
    [{ messages: [] }, 'no-answer'],
    [{ messages: [question] }, 'no-answer: no answer: the last message is the user\'s'],
    [{ messages: [system] }, 'no-answer'],
    [{ instruction: 'Q', input: 'x' }, 'no-answer'],
    [{ query: 'Q', response: null }, 'no-answer'],
    [{ messages: [question, { role: 'robot', content: 'x' }] }, 'unknown-role: messages[1]: expected the role system, user, assistant, tool; got "robot"'],
    [{ messages: [{ content: 'x' }, answer] }, 'unknown-role: messages[0]: expected the role system, user, assistant, tool; got nothing'],
    [{ conversations: [{ from: 'human', value: 'Q' }, { from: 'bard', value: 'A' }] }, 'unknown-role: conversations[1]: expected the role system, user, assistant, tool; got "bard"'],
    [{ messages: [question, { role: 'assistant', content: '' }] }, 'empty-content: messages[1]: expected text; got an empty one'],
    [{ prompt: ' \n', completion: 'A' }, 'empty-content: prompt: expected text; got spaces only'],
    [{ messages: [question, { role: 'assistant', content: [{ type: 'text', text: 'A' }] }] }, 'bad-value: messages[1]: expected text; got ['],
    [{ messages: [question, { role: 'assistant', content: 'half \ud83d' }] }, 'bad-value: messages[1]: holds half of a surrogate pair'],
    [{ messages: [question, answer, answer] }, 'role-order: messages[2]: two assistant messages in a row'],
    [{ messages: [question, question, answer] }, 'role-order: messages[1]: two user messages in a row'],
    [{ messages: [answer, question, answer] }, 'role-order: messages[0]: expected the user to speak first; got assistant'],
    [{ messages: [question, system, answer] }, 'role-order: messages[1]: a system message may only come first'],
    [{ query: 'Q', response: 'A', history: ['q', 'a'] }, 'bad-value: history: expected a list of [question, answer] pairs'],
    [{ instruction: 'Q', input: { a: 1 }, output: 'A' }, 'bad-value: input: expected text'],
    [{ messages: [question, answer], split: 'test' }, 'bad-value: split: expected train or validation; got "test"'],
    [{ messages: [question, answer], tags: 'a' }, 'bad-value: tags'],
    [{ messages: [question, answer], expect: '' }, 'bad-value: expect'],
    [{ messages: [question, answer], expect: ['x', ''] }, 'bad-value: expect'],
    [{ messages: [question, answer], expect: [] }, 'bad-value: expect'],
    [{ messages: [question, answer], answerWith: 'gpt' }, 'bad-value: answerWith: expected "self"; got "gpt"'],
    [{ messages: [question, answer], answerWith: 'self' }, 'bad-value: answerWith is "self"'],
    [{ text: '' }, 'empty-content: text: expected text; got an empty one'],
    [{ text: 'T', answerWith: 'self' }, 'bad-value: answerWith: plain text has no question'],
    [{ prompt: 'Q', chosen: 'A' }, 'bad-value: rejected: expected text or a list of messages; got nothing'],
    [{ prompt: 'Q', chosen: 'A', rejected: 'A' }, 'bad-value: rejected: expected another answer'],
    [{ chosen: [question, answer], rejected: [{ role: 'user', content: 'R' }, answer] }, 'bad-value: rejected: expected the same conversation as chosen up to its last answer'],
    [{ messages: [{ ...question, loss: true }, answer] }, "bad-value: messages[0]: loss and loss_scale: only the assistant's"],
    [{ messages: [question, { ...answer, loss: 1 }] }, 'bad-value: messages[1]: loss: expected true or false; got 1'],
    [{ messages: [question, { ...answer, loss_scale: -1 }] }, 'bad-value: messages[1]: loss_scale: expected a number from 0; got -1'],
  ])('refuses %j', (value, expected) => {
    const { record, problems } = parse(value);
    expect(record).toBeUndefined();
    expect(problems.join('\n')).toContain(expected);
  });

  test('reports everything that is wrong with a row', () => {
    const { problems } = parse({ messages: [{ role: 'robot', content: '' }, answer], split: 'dev', extra: 1 });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['unknown-key', 'bad-value', 'unknown-role', 'empty-content']);
  });

  describe('with tool calls', () => {
    const weather = { name: 'get_weather', description: 'Weather of a place.', parameters: { type: 'object', properties: { place: { type: 'string' } } } };
    const tools = [{ type: 'function', function: weather }];
    const call = { id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{"place":"Oslo"}' } };
    const told = { role: 'tool', tool_call_id: 'c1', content: '{"degrees":3}' };
    const calls = { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'get_weather', arguments: { place: 'Oslo' } }] };
    const conversation = [question, calls, { role: 'tool', content: '{"degrees":3}', toolCallId: 'c1' }, answer];

    test.each([
      ['in OpenAI\'s form', { tools, messages: [question, { role: 'assistant', content: null, tool_calls: [call] }, told, answer] }],
      ['with tools as JSON text, bare functions, arguments as an object', { tools: JSON.stringify([weather]), messages: [question, { role: 'assistant', content: '', tool_calls: [{ ...call, function: { name: 'get_weather', arguments: { place: 'Oslo' } } }] }, told, answer] }],
    ])('reads them %s', (_form, value) => {
      expect(parse(value)).toEqual({ problems: [], record: { format: 'messages with tool calls', ignored: [], row: { messages: conversation, tools, tags: [] } } });
    });

    test.each([
      ['messages', { tools, messages: [question, { role: 'tool_call', content: '{"name":"get_weather","arguments":{"place":"Oslo"}}' }, { role: 'tool_response', content: '{"degrees":3}' }, answer] }],
      ['sharegpt', { tools: JSON.stringify(tools), conversations: [{ from: 'human', value: 'Q' }, { from: 'function_call', value: '{"name":"get_weather","arguments":{"place":"Oslo"}}' }, { from: 'observation', value: '{"degrees":3}' }, { from: 'gpt', value: 'A' }] }],
    ])('reads those of SWIFT in %s', (format, value) => {
      const [, { toolCalls: [withId] }] = conversation as [unknown, { toolCalls: [{ id: string }] }];
      const { id: _id, ...bare } = withId;
      expect(parse(value)).toMatchObject({ problems: [], record: { format: `${format} with tool calls`, row: { messages: [question, { role: 'assistant', content: '', toolCalls: [bare] }, { role: 'tool', content: '{"degrees":3}' }, answer] } } });
    });

    test('what was read is written so that it reads back', () => {
      const { row } = parse({ tools, messages: [question, { role: 'assistant', content: 'One moment.', tool_calls: [call] }, told, answer], split: 'train' }).record!;
      const written: unknown = JSON.parse(serializeRow({ ...row, split: 'train' }));
      expect(written).toMatchObject({ messages: [question, { role: 'assistant', content: 'One moment.', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'get_weather', arguments: { place: 'Oslo' } } }] }, told, answer], tools });
      expect(parse(written).record!.row).toEqual(row);
    });

    test('a conversation may end with a call', () => {
      expect(parse({ tools, messages: [question, { role: 'assistant', content: null, tool_calls: [call] }] }).problems).toEqual([]);
    });

    test.each([
      [{ messages: [question, told, answer] }, "role-order: messages[1]: a tool's answer, but no message before it calls a tool"],
      [{ messages: [question, { role: 'assistant', content: '', tool_calls: [call] }, answer] }, 'role-order: messages[2]: expected the answer of the tool (role tool)'],
      [{ messages: [question, { role: 'assistant', content: '', tool_calls: [call] }, { ...told, tool_call_id: 'c2' }, answer] }, 'role-order: messages[2]: tool_call_id: expected the id of a call before it (c1); got "c2"'],
      [{ tools: [{ name: 'other' }], messages: [question, { role: 'assistant', content: '', tool_calls: [call] }] }, 'unknown-tool: the assistant calls "get_weather"; the row\'s tools are other'],
      [{ messages: [question, { role: 'assistant', content: '', tool_calls: [{ function: { name: 'f', arguments: '{"a":' } }] }] }, 'bad-value: messages[1]: tool_calls[0]: expected'],
      [{ messages: [question, { role: 'assistant', content: '', tool_calls: [] }] }, 'bad-value: messages[1]: tool_calls: expected a list of calls; got []'],
      [{ messages: [{ ...question, tool_calls: [call] }, answer] }, 'unknown-key: messages[0]: unknown key "tool_calls"'],
      [{ messages: [question, { role: 'tool_call', content: 'get_weather' }] }, 'bad-value: messages[1]: expected the call of a tool as JSON'],
      [{ tools: 'weather', messages: [question, answer] }, 'bad-value: tools: expected a list of functions'],
      [{ tools: [{ type: 'function' }], messages: [question, answer] }, 'bad-value: tools[0]: expected'],
      [{ tools: [weather, weather], messages: [question, answer] }, 'bad-value: tools[1]: expected each tool once'],
    ])('refuses %j', (value, problem) => {
      const { record, problems } = parse(value);
      expect(record).toBeUndefined();
      expect(problems.join('\n')).toContain(problem);
    });
  });
});
