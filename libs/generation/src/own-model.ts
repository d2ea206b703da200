import type { WorkContext } from '@tunesmith/tensor';
import { decodeRows, type DecodedRow } from './decode-rows.js';
import { checkedPrompt, checkGenerationOptions, generate, type Generation } from './generate.js';
import { loadForInference, type InferenceModel, type LoadForInferenceOptions } from './load-for-inference.js';
import { scoreContinuations } from './score-continuations.js';
import { tokenLogProbs } from './token-log-probs.js';
import type { OnToken, TokenModel, TokenRequest } from './token-model.js';

/** Rows of requests that came one by one; more wait. */
const batchRows = 16;

/** Loads a model folder onto our own library. */
export async function openOwnModel(folder: string, options: LoadForInferenceOptions): Promise<TokenModel> {
  return ownModel(await loadForInference(folder, options));
}

/** A model that is loaded already; whoever disposes of the result disposes of it. */
export function ownModel(loaded: InferenceModel): TokenModel {
  return new OwnModel(loaded);
}

interface Waiting {
  readonly row: DecodedRow;
  readonly fail: (error: unknown) => void;
}

class OwnModel implements TokenModel {
  readonly startTokenId: number | undefined;
  /** Requests that have not ended. */
  readonly #open = new Set<Waiting>();
  readonly #queue: DecodedRow[] = [];
  readonly #closed = new AbortController();
  #decoding: Promise<void> | undefined;

  constructor(private readonly loaded: InferenceModel) {
    this.startTokenId = loaded.family.decoderStartTokenId?.(loaded.config);
  }

  get folder() {
    return this.loaded.folder;
  }

  get tokenizer() {
    return this.loaded.tokenizer;
  }

  get format() {
    return this.loaded.format;
  }

  get contextLength() {
    return this.loaded.contextLength;
  }

  /** Requests that are there at the same time are decoded side by side; one that comes later joins those under way. */
  async answer(request: TokenRequest, onToken: OnToken, signal: AbortSignal): Promise<Generation> {
    const { model, contextLength } = this.loaded;
    const { maxNewTokens, stopTokenIds, sampling, seed, topTokens } = request;
    const options = { maxNewTokens, stopTokenIds, ...sampling, ...(this.startTokenId === undefined && { contextLength }) };
    checkGenerationOptions(options);
    signal.throwIfAborted();
    const prompt = checkedPrompt(request, 0, model, options);
    const { promise, resolve, reject } = Promise.withResolvers<Generation>();
    const row: DecodedRow = { ...prompt, seed, stream: 0, topTokens, signal, onToken, onFinish: (finish) => resolve({ tokenIds: row.tokenIds, logProbs: row.logProbs, finish }) };
    const waiting: Waiting = { row, fail: reject };
    const leave = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    this.#open.add(waiting);
    this.#queue.push(row);
    this.#decoding ??= this.#decode();
    try {
      return await promise;
    } finally {
      this.#open.delete(waiting);
      signal.removeEventListener('abort', leave);
    }
  }

  generate: TokenModel['generate'] = (requests, options, context, onFinished) => generate(this.loaded.model, requests, options, context, onFinished);

  scoreContinuations: TokenModel['scoreContinuations'] = (requests, options, context) =>
    scoreContinuations(this.loaded.model, requests, { ...options, ...(this.startTokenId !== undefined && { startTokenId: this.startTokenId }) }, context);

  tokenLogProbs(rows: Parameters<TokenModel['tokenLogProbs']>[0], context: WorkContext): Promise<(number | null)[][]> {
    return tokenLogProbs(this.loaded.model, rows, context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#decoding;
    this.loaded[Symbol.dispose]();
  }

  /** Goes on until no request is left. What breaks a step breaks all that were in it. */
  async #decode(): Promise<void> {
    try {
      await decodeRows(this.loaded.model, this.#queue, { batchRows, repetitionPenalty: 1 }, this.#closed.signal);
    } catch (error) {
      this.#queue.length = 0;
      for (const { fail } of this.#open) fail(error);
    } finally {
      // One may have come since the last look.
      this.#decoding = this.#queue.length > 0 ? this.#decode() : undefined;
    }
  }
}
