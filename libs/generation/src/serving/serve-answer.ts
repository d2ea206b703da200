import type { EncodedPrompt } from '@tunesmith/tokenizers';
import { valueToJson } from '../function-calls/call-value.js';
import { GenerationError } from '../generation-error.js';
import { formatOf } from '../load-for-inference.js';
import type { LikelyToken } from '../sampling.js';
import type { TokenModel } from '../token-model.js';
import { AnswerText } from './answer-text.js';
import { CallingText } from './calling-text.js';
import type { ServeAnswer, ServePiece, ServeRequest, TokenText } from './serve-request.js';

/** Answers one request piece by piece. `onPiece` hears text as soon as it is final. @throws GenerationError; what `signal` was aborted with. */
export async function serveAnswer(model: TokenModel, request: ServeRequest, onPiece: (piece: ServePiece) => void, signal: AbortSignal): Promise<ServeAnswer> {
  const { temperature, topP, seed, stop, topTokens, echo = false } = request;
  const { tokenizer } = model;
  const prompt = encodePrompt(model, request);
  const read = prompt.sourceTokenIds ?? prompt.tokenIds;
  if (read.length >= model.contextLength) {
    throw new GenerationError({
      // In words by which clients know it.
      message: `This model's maximum context length is ${model.contextLength} tokens, its answer included; the request has ${read.length}. Shorten it.`,
      code: 'prompt-too-long', facts: { tokens: read.length, contextLength: model.contextLength },
    });
  }
  const maxNewTokens = request.maxNewTokens ?? roomFor(model, prompt);
  if (echo) onPiece(await echoed(model, 'text' in request.prompt ? request.prompt.text : undefined, prompt, topTokens, signal));
  const usage = { promptTokens: read.length, newTokens: 0 };
  if (maxNewTokens === 0) return { finish: 'length', ...usage };

  const text = new AnswerText(tokenizer, stop);
  const tools = 'messages' in request.prompt ? (request.prompt.tools ?? []) : [];
  const calling = tools.length > 0 ? new CallingText(tools.map((tool) => tool.function.name)) : undefined;
  let tokens: TokenText[] = [];
  const hand = (piece: string): void => {
    if (piece === '') return;
    onPiece({ text: piece, tokens });
    tokens = [];
  };
  const said = (piece: string): string => (calling ? calling.add(piece) : piece);
  const generation = await model.answer(
    { ...prompt, sampling: { temperature, topP }, seed, maxNewTokens, stopTokenIds: tokenizer.eosTokenIds, topTokens: topTokens ?? 0 },
    (token, top) => {
      if (topTokens !== undefined) tokens.push({ ...tokenText(model, token), top: likelyBeside(token, top).map((each) => tokenText(model, each)) });
      hand(said(text.add(token.id)));
      return text.stopped;
    },
    signal,
  );
  hand(said(text.finish()));
  const finish = text.stopped ? 'stop' : generation.finish;
  const rest = calling?.finish(finish);
  hand(rest?.text ?? '');
  // Tokens without a text of their own, such as the last ones before a stop, and those of calls.
  if (tokens.length > 0) onPiece({ text: '', tokens });
  const calls = (rest?.calls ?? []).map((call) => ({ name: call.name, arguments: valueToJson(call.arguments) }));
  return { ...(calls.length > 0 ? { finish: 'tool_calls', calls } : { finish }), ...usage, newTokens: generation.tokenIds.length };
}

function encodePrompt(model: TokenModel, { prompt }: ServeRequest): EncodedPrompt {
  const { tokenizer, startTokenId } = model;
  if ('messages' in prompt) return formatOf(model).encodePrompt(tokenizer, prompt.messages, prompt.tools);
  const given = 'tokenIds' in prompt ? [...prompt.tokenIds] : tokenizer.encode(prompt.text, { addSpecialTokens: true });
  if (given.length === 0) throw new GenerationError({ message: 'Expected a prompt of at least one token; got none.', code: 'prompt-empty' });
  const unknown = given.find((id) => !tokenizer.hasToken(id));
  if (unknown !== undefined) throw new GenerationError({ message: `Expected token ids of this model, below ${tokenizer.vocabularySize}; got ${unknown}.`, code: 'token-unknown', facts: { tokenId: unknown } });
  return startTokenId === undefined ? { tokenIds: given } : { tokenIds: [startTokenId], sourceTokenIds: given };
}

/** The likeliest, where the token is told with the number that it has itself: each is summed up in its own way. */
function likelyBeside({ id, logProb }: LikelyToken, top: readonly LikelyToken[]): LikelyToken[] {
  return top.map((each) => (each.id === id ? { id, logProb } : each));
}

/** What answers have where nobody says how long they may be and the model has no limit. */
const usualLimit = 4096;

function roomFor({ contextLength }: TokenModel, { tokenIds }: EncodedPrompt): number {
  return Number.isFinite(contextLength) ? contextLength - tokenIds.length : usualLimit;
}

/** The prompt as the beginning of the answer. */
async function echoed(model: TokenModel, given: string | undefined, { tokenIds, sourceTokenIds }: EncodedPrompt, topTokens: number | undefined, signal: AbortSignal): Promise<ServePiece> {
  const { tokenizer } = model;
  if (sourceTokenIds !== undefined) throw new GenerationError({ message: 'An encoder-decoder does not write its prompt, so it cannot be echoed. Leave echo out.', code: 'echo-of-source' });
  const text = given ?? tokenizer.decode(tokenIds, { skipSpecialTokens: true });
  const written = new WrittenTokens(tokenizer, text);
  if (topTokens === undefined) return { text, tokens: [] };
  const [first, ...others] = tokenIds;
  const score = others.length === 0 ? undefined : (await model.scoreContinuations([{ contextTokenIds: [first!], continuationTokenIds: others }], {}, { signal, onProgress: () => undefined }))[0]!;
  const tokens = tokenIds.map((id, place): TokenText => {
    const logProb = place === 0 ? null : score!.logProbs[place - 1]!;
    const likeliest = place === 0 || topTokens === 0 ? [] : [score!.likeliest[place - 1]!];
    const { text: said, bytes } = tokenText(model, { id, logProb: 0 });
    return { text: said, bytes: written.take(id, bytes), logProb, top: likeliest.map((each) => tokenText(model, each)) };
  });
  return { text, tokens };
}

/** Which bytes of a text its tokens stand for, one after the other: those that the tokenizer adds stand for none. */
class WrittenTokens {
  readonly #text: Uint8Array;
  #at = 0;

  constructor(private readonly tokenizer: TokenModel['tokenizer'], text: string) {
    this.#text = new TextEncoder().encode(text);
  }

  take(id: number, bytes: readonly number[]): readonly number[] {
    const stands = bytes.every((byte, place) => this.#text[this.#at + place] === byte);
    if (!stands && this.tokenizer.isSpecial(id)) return [];
    // Some tokenizers write a blank before the first word.
    const own = !stands && this.#at === 0 && bytes[0] === 0x20 ? bytes.slice(1) : bytes;
    this.#at += own.length;
    return own;
  }
}

function tokenText({ tokenizer }: TokenModel, { id, logProb }: LikelyToken): { text: string; bytes: readonly number[]; logProb: number } {
  if (!tokenizer.hasToken(id)) return { text: '', bytes: [], logProb };
  const bytes = tokenizer.tokenBytes(id);
  return { text: new TextDecoder().decode(bytes), bytes: [...bytes], logProb };
}
