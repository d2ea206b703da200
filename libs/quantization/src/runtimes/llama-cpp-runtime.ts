import { loadForInference, type InferenceModel } from '@tunesmith/generation';
import type { Llama, LlamaContext, LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import { QuantizationError } from '../quantization-error.js';
import type { ModelRuntime, NextToken, RuntimeOptions, RuntimeRow, RuntimeScore } from './model-runtime.js';
import { OwnRuntime } from './own-runtime.js';
import { keptOf, piecesOf, rowOf, type HeldRow } from './shared-prefix.js';
import { fileRefused, logitsNotFinite } from './runtime-error.js';

/**
 * Loads a GGUF file with node-llama-cpp, on the CPU. An encoder-decoder is loaded and read text by it, and computed by our own library: llama.cpp has `llama_encode` for encoders, which this
 * binding does not call, and without it ends the process. Throws QuantizationError `file-refused-by-runtime`.
 */
export async function openGgufRuntime(path: string, { contextSize, threads, adapter, adapterFolder, signal }: RuntimeOptions): Promise<ModelRuntime> {
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  // llama.cpp says why it refuses a file in its log only.
  const complaints: string[] = [];
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    maxThreads: threads,
    logLevel: LlamaLogLevel.error,
    logger: (_level, message) => void complaints.push(message.trim()),
  });
  try {
    const model = await llama.loadModel({ modelPath: path, checkTensors: true, ignoreMemorySafetyChecks: true, loadSignal: signal });
    const lora = adapter === undefined ? {} : { lora: { adapters: [{ filePath: adapter, scale: 1 }] } };
    const context = await model.createContext({ contextSize, batchSize: Math.min(contextSize, 512), sequences: 1, threads, ...lora, ignoreMemorySafetyChecks: true, createSignal: signal });
    const runtime = new LlamaCppRuntime(path, llama, model, context);
    return model.fileInsights.hasEncoder ? new DecodedBeside(path, runtime, await loadForInference(path, { dtype: 'float32', adapterFolder })) : runtime;
  } catch (error) {
    await llama.dispose();
    signal.throwIfAborted();
    throw fileRefused(path, 'node-llama-cpp', new Error([error instanceof Error ? error.message : String(error), ...complaints].join('; ')));
  }
}

class LlamaCppRuntime implements ModelRuntime {
  readonly name = 'node-llama-cpp';
  readonly #sequence: LlamaContextSequence;
  /** The row that was scored last. */
  #held: HeldRow | undefined;

  constructor(
    private readonly path: string,
    private readonly llama: Llama,
    private readonly model: LlamaModel,
    private readonly context: LlamaContext,
  ) {
    this.#sequence = context.getSequence();
  }

  tokenize(text: string): number[] {
    return this.model.tokenize(text, true, 'trimLeadingSpace');
  }

  async begin(): Promise<RuntimeRow> {
    this.#held = undefined;
    await this.#sequence.clearHistory();
    let length = 0;
    return {
      feed: async (tokenIds, count) => {
        length += tokenIds.length;
        this.#requireRoom(length);
        return this.#likeliest(tokenIds, count, length);
      },
    };
  }

  async score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<RuntimeScore[]> {
    this.#requireRoom(tokenIds.length);
    signal.throwIfAborted();
    const row = rowOf(tokenIds, asked);
    const kept = await this.#keep(row);
    const outputs: Awaited<ReturnType<LlamaContextSequence['controlledEvaluate']>> = [];
    for (const [start, end] of piecesOf(row, kept)) {
      const input = tokenIds.slice(start, end).map((id, index) => {
        const tokens = asked[start + index + 1] ?? [];
        return tokens.length === 0 ? (id as Token) : askedAfter(id, tokens, 1);
      });
      // Those of tokens that nothing is asked after have no place of their own.
      for (const [index, output] of (await this.#sequence.controlledEvaluate(input)).entries()) outputs[start + index] = output;
      signal.throwIfAborted();
    }
    this.#held = row;
    const found: RuntimeScore[] = [];
    for (const [index, tokens] of asked.entries()) {
      if (index === 0 || tokens.length === 0) continue;
      const likely = this.#logProbabilities(outputs[index - 1]?.next, index);
      const known = new Map(likely.map(({ id, logProb }) => [id, logProb]));
      const scores = tokens.map((id) => known.get(id) ?? NaN);
      if (!scores.every(Number.isFinite)) throw logitsNotFinite(this.path, this.name, index);
      found.push({ logProbabilities: scores, likeliest: likely[0]! });
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.dispose();
    await this.model.dispose();
    await this.llama.dispose();
  }

  /** Leaves of the row that was scored last only what the next one need not read again; says how many tokens. */
  async #keep(row: HeldRow): Promise<number> {
    const sequence = this.#sequence;
    // What a sliding window has let go of would have to be read again.
    const kept = sequence.stateCellsStartIndex > 0 ? 0 : keptOf(this.#held, row);
    this.#held = undefined;
    await sequence.eraseContextTokenRanges([{ start: kept, end: sequence.nextTokenIndex }]);
    return kept;
  }

  async #likeliest(tokenIds: readonly number[], count: number, position: number): Promise<NextToken[]> {
    const items = tokenIds.map((id, index) => (index + 1 < tokenIds.length ? (id as Token) : askedAfter(id, [], count)));
    const outputs = await this.#sequence.controlledEvaluate(items);
    return this.#logProbabilities(outputs.at(-1)?.next, position).slice(0, count);
  }

  /** The tokens whose logits came, the likeliest first. The log-sum of all exponentials relative to the largest logit is `ln totalLogitWeight`. */
  #logProbabilities(next: { readonly logits?: ReadonlyMap<Token, number>; readonly totalLogitWeight?: number } | undefined, position: number): NextToken[] {
    const logits = [...(next?.logits ?? [])].sort(([, left], [, right]) => right - left);
    const largest = logits[0]?.[1] ?? NaN;
    const total = Math.log(next?.totalLogitWeight ?? NaN);
    // NaN and the infinities differ from zero when taken from themselves.
    if (largest - largest !== 0 || total - total !== 0) throw logitsNotFinite(this.path, this.name, position);
    return logits.map(([id, logit]) => ({ id, logProb: logit - largest - total }));
  }

  #requireRoom(tokens: number): void {
    if (tokens <= this.context.contextSize) return;
    throw new QuantizationError({ code: 'row-too-long', message: `a row of ${tokens} tokens does not fit the context of ${this.context.contextSize}`, facts: { tokens, contextSize: this.context.contextSize } });
  }
}

/** An encoder-decoder in llama.cpp, which reads its text, and its weights in our own library. */
class DecodedBeside extends OwnRuntime {
  constructor(path: string, private readonly beside: LlamaCppRuntime, loaded: InferenceModel) {
    super(path, loaded);
  }

  tokenize(text: string): number[] {
    return this.beside.tokenize(text);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.beside[Symbol.asyncDispose]();
  }
}

/** Without a temperature the sampler chain is greedy and leaves the logits as they are. (`includeMax` does not do what it says; the top one does.) */
function askedAfter(id: number, tokens: readonly number[], top: number) {
  return [id as Token, { generateNext: { totalLogitWeight: true, logits: { filter: { tokens: tokens as Token[], includeTop: top } } } }] satisfies [Token, object];
}
