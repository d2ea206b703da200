/** When to stop completing. */
export interface CompletionLimits {
  readonly maxNewTokens: number;
  /** The first of these ends the answer; it is not part of it. */
  readonly stopTokenIds: readonly number[];
  readonly signal: AbortSignal;
}

export interface RuntimeOptions {
  /** The longest row plus its answer, in tokens. */
  readonly contextSize: number;
  readonly threads: number;
  /** The file of an adapter to apply, for runtimes that read one. */
  readonly adapter?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * A file of ours in the hands of a program that people run models with. Token ids come from our tokenizer, so that every format is asked exactly the
 * same. Calls block the event loop for as long as a step takes: they belong into worker processes.
 */
export interface ModelRuntime extends AsyncDisposable {
  /** The npm package, or ourselves. */
  readonly name: 'node-llama-cpp' | 'onnxruntime-node' | 'tunesmith';
  /** Text as the runtime itself reads it, special tokens included, none added; absent where it has no tokenizer. */
  tokenize?(text: string): number[];
  /** The most likely next token, again and again. Throws QuantizationError `logits-not-finite`. */
  complete(prompt: readonly number[], limits: CompletionLimits): Promise<number[]>;
  /** ln p(token | all before it) of every token at which `wanted` is true, in order. Throws QuantizationError `logits-not-finite`. */
  logProbabilities(tokenIds: readonly number[], wanted: readonly boolean[], signal: AbortSignal): Promise<number[]>;
  /** The same of the tokens that `asked` has for a place, whichever token stands there: one list for each place with tokens to ask for, from the second place on. */
  logProbabilitiesOf(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<number[][]>;
}

/** What to ask for where the tokens themselves are wanted. */
export function tokensThemselves(tokenIds: readonly number[], wanted: readonly boolean[]): number[][] {
  return tokenIds.map((id, place) => (wanted[place] === true ? [id] : []));
}
