import type { ChatCompletionRequest, ServedModel } from '@tunesmith/contracts';
import { questionOfChat } from './respond-question.js';

const served: ServedModel = { kind: 'model', artifact: { digest: `sha256:${'1'.repeat(64)}`, size: 1, mediaType: 'application/x' }, dtype: 'float32' };
const promptOf = (request: object) => questionOfChat({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...request } as ChatCompletionRequest, served).prompt;

test('chat templates see who speaks, a call without arguments as one of none, and nothing of how strictly a tool is checked', () => {
  const call = (given: unknown) => ({ id: 'c', type: 'function', function: { name: 'f', arguments: given } });
  const tool = (strict?: boolean) => ({ type: 'function' as const, function: { name: 'f', ...(strict !== undefined && { strict }) } });
  expect(promptOf({
    messages: [
      { role: 'developer', content: 'Be brief.', name: 'boss' },
      { role: 'user', content: [{ type: 'text', text: 'Hi, ' }, { type: 'text', text: 'you' }], name: 'ada' },
      { role: 'assistant', content: null, refusal: null, tool_calls: [call('')] },
      { role: 'tool', content: '2', tool_call_id: 'c', name: 'f' },
    ],
    tools: [tool(false)],
  })).toEqual({
    messages: [
      { role: 'system', content: 'Be brief.', name: 'boss' },
      { role: 'user', content: 'Hi, you', name: 'ada' },
      { role: 'assistant', content: '', tool_calls: [call({})] },
      { role: 'tool', content: '2', tool_call_id: 'c', name: 'f' },
    ],
    tools: [tool()],
  });
});

test.each([
  ['arguments that are no JSON', { messages: [{ role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '[1]' } }] }] }, 'messages.0.tool_calls.0.function.arguments'],
  ['options of a stream without one', { stream_options: {} }, 'stream_options'],
  ['likeliest tokens without log-probabilities', { top_logprobs: 2 }, 'top_logprobs'],
  ['two limits', { max_tokens: 1, max_completion_tokens: 2 }, 'max_tokens'],
] as const)('%s are refused by name', (_what, request, at) => {
  expect(() => promptOf(request)).toThrow(expect.objectContaining({ problems: [expect.objectContaining({ at: `body.${at}` })] }));
});
