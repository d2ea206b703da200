import type { WorkContext } from '@tunesmith/tensor';
import type { ConversationFormat, Tokenizer } from '@tunesmith/tokenizers';
import type { Generation, GenerationOptions, GenerationRequest } from './generate.js';
import type { LikelyToken, Sampling } from './sampling.js';
import type { ContinuationRequest, ContinuationScore, ScoreContinuationsOptions } from './score-continuations.js';
import type { MaskedTokens } from './token-log-probs.js';

/** One prompt, with settings of its own. */
export interface TokenRequest extends GenerationRequest {
  readonly sampling: Sampling;
  readonly seed: number;
  readonly maxNewTokens: number;
  readonly stopTokenIds: readonly number[];
  /** How many of the likeliest tokens of each place `onToken` is told. */
  readonly topTokens: number;
}

/** Hears each token as soon as it is chosen; true ends the answer with it. */
export type OnToken = (token: LikelyToken, top: readonly LikelyToken[]) => boolean;

/**
 * A model in whatever computes it (our own library, llama.cpp, onnxruntime), asked in token ids of its own tokenizer. What serves, evaluates and talks to models knows
 * nothing else of them. Calls may hold the event loop for as long as a step takes: they belong into worker processes.
 */
export interface TokenModel extends AsyncDisposable {
  /** Its folder, or its file where that is all of it; for messages. */
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  /** How it reads conversations; absent for base models. */
  readonly format: ConversationFormat | undefined;
  /** The most tokens that it reads, with its answer. */
  readonly contextLength: number;
  /** Of an encoder-decoder: what the decoder's rows begin with. */
  readonly startTokenId: number | undefined;
  /** Continues one prompt. May be called again before it ends: requests are decoded together where that is faster, else in their order. */
  answer(request: TokenRequest, onToken: OnToken, signal: AbortSignal): Promise<Generation>;
  /** Continues prompts that are all there, as `generate` does. */
  generate(requests: readonly GenerationRequest[], options: Omit<GenerationOptions, 'repetitionPenalty'>, context: WorkContext, onFinished?: (index: number, generation: Generation) => void): Promise<Generation[]>;
  /** As `scoreContinuations`. */
  scoreContinuations(requests: readonly ContinuationRequest[], options: Omit<ScoreContinuationsOptions, 'startTokenId'>, context: WorkContext): Promise<ContinuationScore[]>;
  /** As `tokenLogProbs`. */
  tokenLogProbs(rows: readonly MaskedTokens[], context: WorkContext): Promise<(number | null)[][]>;
}
