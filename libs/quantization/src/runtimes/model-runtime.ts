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
  /** The same adapter as PEFT has it, for our own. */
  readonly adapterFolder?: string | undefined;
  readonly signal: AbortSignal;
}

/** A token that may follow, with ln p. */
export interface NextToken {
  readonly id: number;
  readonly logProb: number;
}

/** What a runtime says of one place of a row. */
export interface RuntimeScore {
  /** ln p of each token that was asked for. */
  readonly logProbabilities: readonly number[];
  readonly likeliest: NextToken;
}

/** One row, fed piece by piece. */
export interface RuntimeRow {
  /** Adds tokens (at least one) and says which are likeliest to follow, the likeliest first. Throws QuantizationError `logits-not-finite`, `row-too-long`. */
  feed(tokenIds: readonly number[], count: number): Promise<NextToken[]>;
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
  /** Begins a row, of an encoder-decoder beside what its encoder reads. There is one at a time: the one before it ends. */
  begin(source?: readonly number[]): Promise<RuntimeRow>;
  /** What it says of the tokens that `asked` has for a place, whichever token stands there: one score for each place with tokens to ask for, from the second place on. What the row begins with need not be read again where the row scored before began so. `source`: as for `begin`. Throws QuantizationError `logits-not-finite`. */
  score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal, source?: readonly number[]): Promise<RuntimeScore[]>;
}

/** The most likely next token, again and again; of an encoder-decoder beside its source. */
export async function complete(runtime: ModelRuntime, prompt: readonly number[], { maxNewTokens, stopTokenIds, signal }: CompletionLimits, source?: readonly number[]): Promise<number[]> {
  const row = await runtime.begin(source);
  const answer: number[] = [];
  for (let input = prompt; answer.length < maxNewTokens; input = answer.slice(-1)) {
    signal.throwIfAborted();
    const [next] = await row.feed(input, 1);
    if (stopTokenIds.includes(next!.id)) break;
    answer.push(next!.id);
  }
  return answer;
}

/** ln p(token | all before it) of every token at which `wanted` is true, in order; of an encoder-decoder beside its source. */
export async function logProbabilities(runtime: ModelRuntime, tokenIds: readonly number[], wanted: readonly boolean[], signal: AbortSignal, source?: readonly number[]): Promise<number[]> {
  const scores = await runtime.score(tokenIds, tokenIds.map((id, place) => (wanted[place] === true ? [id] : [])), signal, source);
  return scores.map((score) => score.logProbabilities[0]!);
}
