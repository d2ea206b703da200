import { newId, type ChatCompletion, type ChatLogProbs, type Completion, type CompletionLogProbs, type RespondAnswer, type RespondedToken, type RespondPiece, type OpenAiToolCall } from '@tunesmith/contracts';

/** What one answer has in common in all its documents. */
export interface CompletionHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/** An answer in the words of a route: whole, and as chunks. */
export interface CompletionFormat<Document extends object> {
  whole(pieces: readonly RespondPiece[], answer: RespondAnswer): Document;
  /** Before the first piece; undefined where nothing is said then. */
  first(): object | undefined;
  chunk(piece: RespondPiece): object;
  /** After the last piece: the calls, where there are some, and why it ended. */
  last(answer: RespondAnswer): object[];
  /** With no choice: what the answer took. */
  usage(answer: RespondAnswer): object;
}

export function chatFormat({ id, created, model }: CompletionHead, withLogProbs: boolean): CompletionFormat<ChatCompletion> {
  const logprobs = (tokens: readonly RespondedToken[]): ChatLogProbs | null => (withLogProbs ? { content: tokens.map((token) => ({ ...likely(token), top_logprobs: token.top.map(likely) })), refusal: null } : null);
  const chunk = (delta: object, tokens: readonly RespondedToken[], finish: RespondAnswer['finish'] | null): object => ({
    id, object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta, logprobs: tokens.length > 0 ? logprobs(tokens) : null, finish_reason: finish }],
  });
  return {
    whole: (pieces, answer) => ({
      id, object: 'chat.completion', created, model, usage: usageOf(answer),
      choices: [{ index: 0, message: messageOf(pieces, answer), logprobs: logprobs(pieces.flatMap(({ tokens }) => tokens)), finish_reason: answer.finish }],
    }),
    first: () => chunk({ role: 'assistant', content: '' }, [], null),
    chunk: ({ text, tokens }) => chunk({ content: text }, tokens, null),
    last: (answer) => [...(answer.calls ? [chunk({ tool_calls: toolCalls(answer.calls).map((call, index) => ({ index, ...call })) }, [], null)] : []), chunk({}, [], answer.finish)],
    usage: (answer) => ({ id, object: 'chat.completion.chunk', created, model, choices: [], usage: usageOf(answer) }),
  };
}

export function textFormat({ id, created, model }: CompletionHead, withLogProbs: boolean): CompletionFormat<Completion> {
  const common = { id, object: 'text_completion' as const, created, model };
  let offset = 0;
  const logprobs = (tokens: readonly RespondedToken[]): CompletionLogProbs | null => {
    if (!withLogProbs) return null;
    const offsets = tokens.map(({ bytes }) => (offset += charactersIn(bytes)) - charactersIn(bytes));
    return {
      tokens: tokens.map(({ text }) => text),
      token_logprobs: tokens.map(({ logProb }) => logProb),
      top_logprobs: tokens.map(({ text, logProb, top }) => (logProb === null ? null : likelyByText([...top, { text, logProb }]))),
      text_offset: offsets,
    };
  };
  return {
    whole: (pieces, answer) => ({
      ...common, usage: usageOf(answer),
      choices: [{ index: 0, text: textOf(pieces), logprobs: logprobs(pieces.flatMap(({ tokens }) => tokens)), finish_reason: textFinish(answer) }],
    }),
    first: () => undefined,
    chunk: ({ text, tokens }) => ({ ...common, choices: [{ index: 0, text, logprobs: tokens.length > 0 ? logprobs(tokens) : null, finish_reason: null }] }),
    last: (answer) => [{ ...common, choices: [{ index: 0, text: '', logprobs: null, finish_reason: textFinish(answer) }] }],
    usage: (answer) => ({ ...common, choices: [], usage: usageOf(answer) }),
  };
}

function messageOf(pieces: readonly RespondPiece[], { calls }: RespondAnswer): ChatCompletion['choices'][number]['message'] {
  const content = textOf(pieces);
  return { role: 'assistant', content: calls && content === '' ? null : content, refusal: null, ...(calls && { tool_calls: toolCalls(calls) }) };
}

function toolCalls(calls: NonNullable<RespondAnswer['calls']>): OpenAiToolCall[] {
  return calls.map((call) => ({ id: `call_${newId()}`, type: 'function', function: call }));
}

/** Texts offer no tools, so nothing is called. */
function textFinish({ finish }: RespondAnswer): Completion['choices'][number]['finish_reason'] {
  return finish === 'length' ? 'length' : 'stop';
}

function textOf(pieces: readonly RespondPiece[]): string {
  return pieces.map(({ text }) => text).join('');
}

function usageOf({ promptTokens, newTokens }: RespondAnswer): Completion['usage'] {
  return { prompt_tokens: promptTokens, completion_tokens: newTokens, total_tokens: promptTokens + newTokens };
}

/** The likeliest of each text: parts of characters may look alike. The token itself is always among them. */
function likelyByText(tokens: readonly { readonly text: string; readonly logProb: number }[]): Record<string, number> {
  return Object.fromEntries(tokens.toSorted((one, other) => one.logProb - other.logProb).map(({ text, logProb }) => [text, logProb]));
}

/** Characters that begin in a token: those of a text are counted once, whatever tokens they are spread over. */
function charactersIn(bytes: readonly number[]): number {
  return bytes.filter((byte) => (byte & 0xc0) !== 0x80).length;
}

function likely({ text, logProb, bytes }: Pick<RespondedToken, 'text' | 'logProb' | 'bytes'>): { token: string; logprob: number; bytes: number[] } {
  return { token: text, logprob: logProb ?? 0, bytes };
}
