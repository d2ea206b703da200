import type { Llama, LlamaContext, LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import { QuantizationError } from '../quantization-error.js';
import { tokensThemselves, type CompletionLimits, type ModelRuntime, type RuntimeOptions } from './model-runtime.js';
import { fileRefused, logitsNotFinite } from './runtime-error.js';

/** Loads a GGUF file with node-llama-cpp, on the CPU. Throws QuantizationError `file-refused-by-runtime`. */
export async function openGgufRuntime(path: string, { contextSize, threads, adapter, signal }: RuntimeOptions): Promise<ModelRuntime> {
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
    return new LlamaCppRuntime(path, llama, model, context);
  } catch (error) {
    await llama.dispose();
    signal.throwIfAborted();
    throw fileRefused(path, 'node-llama-cpp', new Error([error instanceof Error ? error.message : String(error), ...complaints].join('; ')));
  }
}

class LlamaCppRuntime implements ModelRuntime {
  readonly name = 'node-llama-cpp';
  readonly #sequence: LlamaContextSequence;

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

  async complete(prompt: readonly number[], { maxNewTokens, stopTokenIds, signal }: CompletionLimits): Promise<number[]> {
    this.#requireRoom(prompt.length + maxNewTokens);
    await this.#sequence.clearHistory();
    const answer: number[] = [];
    let input = [...prompt];
    let position = prompt.length;
    while (answer.length < maxNewTokens) {
      signal.throwIfAborted();
      const [next, logit] = await this.#next(input);
      // NaN and the infinities differ from zero when taken from themselves.
      if (logit - logit !== 0) throw logitsNotFinite(this.path, this.name, position);
      if (stopTokenIds.includes(next)) break;
      answer.push(next);
      input = [next];
      position += 1;
    }
    return answer;
  }

  async logProbabilities(tokenIds: readonly number[], wanted: readonly boolean[], signal: AbortSignal): Promise<number[]> {
    return (await this.logProbabilitiesOf(tokenIds, tokensThemselves(tokenIds, wanted), signal)).flat();
  }

  async logProbabilitiesOf(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<number[][]> {
    this.#requireRoom(tokenIds.length);
    signal.throwIfAborted();
    await this.#sequence.clearHistory();
    // Without a temperature the sampler chain is greedy and leaves the logits as they are. The log-sum of all exponentials relative to the largest is
    // `ln totalLogitWeight`, so the largest is wanted beside those asked for (`includeMax` does not do what it says; the top one does).
    const input = tokenIds.map((id, index) => {
      const tokens = asked[index + 1] ?? [];
      if (tokens.length === 0) return id as Token;
      const generateNext = { totalLogitWeight: true, logits: { filter: { tokens: tokens as Token[], includeTop: 1 } } };
      return [id as Token, { generateNext }] satisfies [Token, object];
    });
    const outputs = await this.#sequence.controlledEvaluate(input);
    const found: number[][] = [];
    for (const [index, tokens] of asked.entries()) {
      if (index === 0 || tokens.length === 0) continue;
      const next = outputs[index - 1]?.next;
      const logits = next?.logits;
      const largest = Math.max(...(logits?.values() ?? [NaN]));
      const logProbabilities = tokens.map((id) => (logits?.get(id as Token) ?? NaN) - largest - Math.log(next?.totalLogitWeight ?? NaN));
      if (!logProbabilities.every(Number.isFinite)) throw logitsNotFinite(this.path, this.name, index);
      found.push(logProbabilities);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.dispose();
    await this.model.dispose();
    await this.llama.dispose();
  }

  async #next(input: readonly number[]): Promise<[token: number, logit: number]> {
    const items = input.map((id, index) => (index + 1 < input.length ? (id as Token) : ([id as Token, { generateNext: { token: true, logits: { filter: { tokens: [], includeTop: 1 } } } }] satisfies [Token, object])));
    const outputs = await this.#sequence.controlledEvaluate(items);
    const next = outputs.at(-1)?.next;
    return [next?.token ?? -1, next?.logits?.values().next().value ?? NaN];
  }

  #requireRoom(tokens: number): void {
    if (tokens <= this.context.contextSize) return;
    throw new QuantizationError({ code: 'row-too-long', message: `a row of ${tokens} tokens does not fit the context of ${this.context.contextSize}`, facts: { tokens, contextSize: this.context.contextSize } });
  }
}
