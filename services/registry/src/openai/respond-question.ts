import { randomInt } from 'node:crypto';
import type { ChatCompletionRequest, CompletionRequest, OpenAiMessage, RespondQuestion, ServedModel } from '@tunesmith/contracts';
import { InputError } from '../http/input-error.js';

/** OpenAI's own default for texts. */
const usualTokens = 16;

/** What the evaluator is asked for a chat completion. @throws InputError */
export function questionOfChat(body: ChatCompletionRequest, model: ServedModel): RespondQuestion {
  const { messages, tools, tool_choice: choice, max_tokens: tokens, max_completion_tokens: completionTokens, logprobs, top_logprobs: top } = body;
  if (tokens && completionTokens && tokens !== completionTokens) throw invalid('max_tokens', 'expected max_tokens or max_completion_tokens; got both');
  checkStreamOptions(body);
  if (top && logprobs !== true) throw invalid('top_logprobs', 'expected logprobs: true beside it');
  const most = completionTokens ?? tokens;
  return {
    ...drawing(body), model,
    prompt: { messages: messages.map(templateMessage), ...(tools && tools.length > 0 && choice !== 'none' && { tools: tools.map(templateTool) }) },
    ...(most && { maxNewTokens: most }),
    ...(logprobs === true && { topTokens: top ?? 0 }),
    echo: false,
  };
}

/** What the evaluator is asked for a completion of a text. @throws InputError */
export function questionOfText(body: CompletionRequest, model: ServedModel): RespondQuestion {
  const { prompt, max_tokens: most, logprobs, echo } = body;
  checkStreamOptions(body);
  if (most === 0 && echo !== true) throw invalid('max_tokens', 'expected at least 1, or echo: true beside 0');
  if (echo === true && typeof logprobs === 'number' && logprobs > 1) {
    throw invalid('logprobs', 'expected at most 1 with echo: of the prompt, only the likeliest token of each place is told');
  }
  const [first] = [prompt].flat();
  const given = typeof first === 'string' ? { text: first } : { tokenIds: (Array.isArray(first) ? first : prompt) as number[] };
  return { ...drawing(body), model, prompt: given, maxNewTokens: most ?? usualTokens, ...(typeof logprobs === 'number' && { topTokens: logprobs }), echo: echo === true };
}

function drawing({ temperature, top_p: topP, seed, stop }: Pick<CompletionRequest, 'temperature' | 'top_p' | 'seed' | 'stop'>) {
  return { temperature: temperature ?? 1, topP: topP ?? 1, seed: seed ?? randomInt(2 ** 32), stop: stop === null || stop === undefined ? [] : [stop].flat() };
}

function checkStreamOptions({ stream, stream_options: options }: Pick<CompletionRequest, 'stream' | 'stream_options'>): void {
  if (options && stream !== true) throw invalid('stream_options', 'expected stream: true beside it');
}

/** A tool as chat templates show it: how strictly its arguments are checked is not for the model. */
function templateTool({ type, function: { strict: _strict, ...shown } }: NonNullable<ChatCompletionRequest['tools']>[number]) {
  return { type, function: shown };
}

/** A message as chat templates know it: one text, and the arguments of calls as objects. */
function templateMessage(message: OpenAiMessage, index: number): { role: string; content: string; [key: string]: unknown } {
  const content = typeof message.content === 'string' ? message.content : (message.content ?? []).map((part) => part.text).join('');
  const role = message.role === 'developer' ? 'system' : message.role;
  const common = { role, content, ...(message.name !== undefined && { name: message.name }) };
  if (message.role === 'tool') return { ...common, tool_call_id: message.tool_call_id };
  if (message.role !== 'assistant' || !message.tool_calls) return common;
  const calls = message.tool_calls.map((call, place) => {
    const at = `messages.${index}.tool_calls.${place}.function.arguments`;
    return { ...call, function: { name: call.function.name, arguments: argumentsOf(call.function.arguments, at) } };
  });
  return { ...common, tool_calls: calls };
}

function argumentsOf(text: string, at: string): unknown {
  // Of a function without parameters, as some models and clients write it.
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  throw invalid(at, 'expected the JSON of an object');
}

function invalid(key: string, message: string): InputError {
  return new InputError([{ at: `body.${key}`, message }]);
}
