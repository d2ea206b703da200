import { counterUniform } from '@tunesmith/datasets';
import { GenerationError, type ContinuationRequest, type ContinuationScore, type Generation, type GenerationRequest, type OnToken, type TokenModel, type TokenRequest } from '@tunesmith/generation';
import { expectSource } from '@tunesmith/models';
import type { ConversationFormat, Tokenizer } from '@tunesmith/tokenizers';
import { drawToken } from './draw-token.js';
import type { ModelRuntime, RuntimeScore } from './model-runtime.js';
import { compareRows } from './shared-prefix.js';

export interface RuntimeModelParts {
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  readonly format: ConversationFormat | undefined;
  readonly contextLength: number;
  /** Of an encoder-decoder: what the decoder's rows begin with. */
  readonly startTokenId?: number | undefined;
}

/** Of tokens that are drawn from: what lies beyond is hardly ever drawn, and a whole vocabulary would have to cross from the runtime for each token. */
const drawnFrom = 1024;

/** A file in its runtime as a model that is asked in tokens. Runtimes decode one row at a time, so that no answer depends on another: requests are served in their order. */
export class RuntimeModel implements TokenModel {
  readonly startTokenId: number | undefined;
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  readonly format: ConversationFormat | undefined;
  readonly contextLength: number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly runtime: ModelRuntime, { folder, tokenizer, format, contextLength, startTokenId }: RuntimeModelParts) {
    this.startTokenId = startTokenId;
    this.folder = folder;
    this.tokenizer = tokenizer;
    this.format = format;
    this.contextLength = contextLength;
  }

  answer(request: TokenRequest, onToken: OnToken, signal: AbortSignal): Promise<Generation> {
    this.#check(request, 0);
    // As our own models: what an encoder-decoder writes is as long as it is asked to be.
    const limited = this.startTokenId === undefined ? this.#limited(request, this.contextLength) : request;
    return this.#inTurn(() => this.#decode(limited, onToken, signal));
  }

  generate: TokenModel['generate'] = async (requests, options, context, onFinished) => {
    const { maxNewTokens, stopTokenIds, temperature = 0, topP = 1, seed = 1, endsWith } = options;
    const contextLength = this.startTokenId === undefined ? this.contextLength : (options.contextLength ?? Infinity);
    requests.forEach((request, index) => this.#check(request, index));
    const results: Generation[] = [];
    for (const [index, request] of requests.entries()) {
      const settings = this.#limited({ ...request, maxNewTokens, stopTokenIds, sampling: { temperature, topP }, seed: request.seed ?? seed, stream: request.seed === undefined ? index : 0, topTokens: 0 }, contextLength);
      const tokenIds: number[] = [];
      const generation = await this.#inTurn(() => this.#decode(settings, ({ id }) => (tokenIds.push(id), endsWith?.(index, tokenIds) ?? false), context.signal));
      results.push(generation);
      onFinished?.(index, generation);
      context.onProgress({ phase: 'generate', done: results.length, total: requests.length, unit: 'rows' });
    }
    return results;
  };

  /** Continuations that differ in their last token only are looked up in one pass; those that begin alike follow one another, so that the runtime reads the beginning once. */
  scoreContinuations: TokenModel['scoreContinuations'] = async (requests, { contextLength = this.contextLength, onScore }, context) => {
    const reads = requests.map((request) => this.#readTokens(request, contextLength));
    const alike = Map.groupBy(requests.keys(), (request) => `${reads[request]!.source?.join()} ${reads[request]!.tokenIds.join()}`);
    const groups = [...alike.values()].map((group) => ({ group, ...reads[group[0]!]! })).sort((one, other) => compareRows(one.source ?? [], other.source ?? []) || compareRows(one.tokenIds, other.tokenIds));
    const results: ContinuationScore[] = [];
    let done = 0;
    for (const { group, tokenIds: read, source } of groups) {
      const longest = Math.max(...group.map((request) => requests[request]!.continuationTokenIds.length));
      const asked: number[][] = [...read, 0].map(() => []);
      for (const request of group) {
        const { continuationTokenIds } = requests[request]!;
        continuationTokenIds.forEach((id, token) => asked[asked.length - continuationTokenIds.length + token]!.push(id));
      }
      const scores = await this.#score(read, asked, context.signal, source);
      const last = asked.length - 1;
      for (const request of group) {
        const { continuationTokenIds } = requests[request]!;
        const places = continuationTokenIds.map((_, token) => last - continuationTokenIds.length + 1 + token);
        const own = places.map((place) => scores[place - (last - longest + 1)]!);
        const score: ContinuationScore = {
          logProbs: places.map((place, token) => own[token]!.logProbabilities[asked[place]!.indexOf(continuationTokenIds[token]!)]!),
          greedy: own.every(({ likeliest }, token) => likeliest.id === continuationTokenIds[token]),
          likeliest: own.map(({ likeliest }) => likeliest),
        };
        results[request] = score;
        onScore?.(request, score);
        context.onProgress({ phase: 'score', done: (done += 1), total: requests.length, unit: 'requests' });
      }
    }
    return results;
  };

  tokenLogProbs: TokenModel['tokenLogProbs'] = async (rows, context) => {
    const results: (number | null)[][] = [];
    for (const { tokenIds, sourceTokenIds: source, lossMask } of rows) {
      this.#expectSource(source);
      const wanted = tokenIds.map((id, place) => (place > 0 && lossMask?.[place] !== false ? [id] : []));
      const scores = await this.#score(tokenIds, wanted, context.signal, source);
      let next = 0;
      results.push(wanted.map((ids) => (ids.length > 0 ? scores[next++]!.logProbabilities[0]! : null)));
      context.onProgress({ phase: 'score', done: results.length, total: rows.length, unit: 'rows' });
    }
    return results;
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn.catch(() => undefined);
    await this.runtime[Symbol.asyncDispose]();
  }

  #score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal, source?: readonly number[]): Promise<RuntimeScore[]> {
    return this.#inTurn(() => this.runtime.score(tokenIds, asked, signal, source));
  }

  #limited<Request extends TokenRequest>(request: Request, contextLength: number): Request {
    return { ...request, maxNewTokens: Math.min(request.maxNewTokens, contextLength - request.tokenIds.length) };
  }

  async #decode({ tokenIds: prompt, sourceTokenIds, sampling, seed, stream = 0, maxNewTokens, stopTokenIds, topTokens }: TokenRequest & { readonly stream?: number }, onToken: OnToken, signal: AbortSignal): Promise<Generation> {
    signal.throwIfAborted();
    const row = await this.runtime.begin(sourceTokenIds);
    const [tokenIds, logProbs]: [number[], number[]] = [[], []];
    for (let input = prompt; ; input = tokenIds.slice(-1)) {
      const likeliest = await row.feed(input, sampling.temperature === 0 ? Math.max(1, topTokens) : drawnFrom);
      signal.throwIfAborted();
      const token = drawToken(likeliest, sampling, sampling.temperature === 0 ? 0 : counterUniform(seed, stream, tokenIds.length));
      if (stopTokenIds.includes(token.id)) return { tokenIds, logProbs, finish: 'stop' };
      tokenIds.push(token.id);
      logProbs.push(token.logProb);
      if (onToken(token, likeliest.slice(0, topTokens))) return { tokenIds, logProbs, finish: 'stop' };
      if (tokenIds.length >= maxNewTokens) return { tokenIds, logProbs, finish: 'length' };
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work, work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #expectSource(source: readonly number[] | undefined): void {
    expectSource({ readsSource: this.startTokenId !== undefined }, { source });
  }

  #check({ tokenIds, sourceTokenIds }: GenerationRequest, request: number): void {
    const { contextLength } = this;
    this.#expectSource(sourceTokenIds);
    if (tokenIds.length === 0) throw new GenerationError({ message: `Request ${request}: expected a prompt of at least one token; got none.`, code: 'prompt-empty', facts: { request } });
    if (tokenIds.length < contextLength) return;
    throw new GenerationError({
      message: `Request ${request}: the prompt has ${tokenIds.length} tokens, but the model reads at most ${contextLength} with the answer. Shorten it.`,
      code: 'prompt-too-long',
      facts: { request, tokens: tokenIds.length, contextLength },
    });
  }

  /** What has to be read for a continuation: all but its last token, cut at the beginning where it is too long. The context is an encoder-decoder's source. */
  #readTokens({ contextTokenIds, continuationTokenIds }: ContinuationRequest, contextLength: number): { readonly tokenIds: readonly number[]; readonly source?: readonly number[] } {
    if (this.startTokenId !== undefined) return { tokenIds: [this.startTokenId, ...continuationTokenIds.slice(0, -1)], source: contextTokenIds.slice(Math.max(0, contextTokenIds.length - contextLength)) };
    const whole = [...contextTokenIds, ...continuationTokenIds];
    return { tokenIds: whole.slice(Math.max(0, whole.length - contextLength - 1), -1) };
  }
}
