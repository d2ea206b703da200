import { availableParallelism } from 'node:os';
import { openGguf } from '@tunesmith/checkpoints';
import type { WorkContext } from '@tunesmith/tensor';
import { alpacaPrompt, ChatTemplate, endOfAlpacaAnswer } from '@tunesmith/tokenizers';
import type { Llama, LlamaContext, LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import { TeacherError } from './teacher-error.js';
import { asOneText, withSystemMessage } from './with-system-message.js';
import type { Completion, OnCompletion, Teacher, TeacherPrompt, TeacherSampling } from './teacher.js';

export interface GgufTeacherOptions {
  /** The most tokens of a prompt with its answer; less where the file says less. */
  readonly contextSize?: number;
  readonly threads?: number;
  readonly signal: AbortSignal;
}

/**
 * A GGUF file in llama.cpp, on the CPU. Its calls hold the event loop for as long as a token takes: it belongs into a worker process. Prompts are answered
 * one after the other, because rows that llama.cpp decodes together change each other's last bits, by when each of them came.
 *
 * @throws TeacherError `teacher-file-refused` with llama.cpp's reason, GgufError where it is no GGUF file.
 */
export async function openGgufTeacher(path: string, name: string, { contextSize = 4096, threads = threadsOfProcess(), signal }: GgufTeacherOptions): Promise<Teacher> {
  // node-llama-cpp reads a damaged header without end: ours says what is wrong with it.
  await using _header = await openGguf(path);
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  // llama.cpp says why it refuses a file in its log only.
  const complaints: string[] = [];
  const logger = (_level: unknown, message: string): void => void complaints.push(message.trim());
  const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, maxThreads: threads, logLevel: LlamaLogLevel.error, logger });
  try {
    const model = await llama.loadModel({ modelPath: path, ignoreMemorySafetyChecks: true, loadSignal: signal });
    const size = Math.min(contextSize, model.trainContextSize);
    const context = await model.createContext({ contextSize: size, batchSize: Math.min(size, 512), sequences: 1, threads, ignoreMemorySafetyChecks: true, createSignal: signal });
    const template: unknown = model.fileInfo.metadata.tokenizer.chat_template;
    const { bosString, eosString } = model.tokens;
    const specialTokens = { ...(bosString && { bos_token: bosString }), ...(eosString && { eos_token: eosString }) };
    return new GgufTeacher(name, llama, model, context, typeof template === 'string' ? new ChatTemplate(template, { specialTokens }) : undefined);
  } catch (error) {
    await llama.dispose();
    signal.throwIfAborted();
    const reason = [error instanceof Error ? error.message : String(error), ...complaints].join('; ');
    throw new TeacherError({ message: `llama.cpp does not take the teacher ${name}: ${reason}. Expected a GGUF file of a text model.`, code: 'teacher-file-refused', facts: { reason }, cause: error });
  }
}

/** What a worker's compute threads are limited to, else the cores. */
function threadsOfProcess(): number {
  return Number(process.env['OMP_NUM_THREADS']) || availableParallelism();
}

class GgufTeacher implements Teacher {
  readonly independent = true;
  readonly #sequence: LlamaContextSequence;

  constructor(
    readonly name: string,
    private readonly llama: Llama,
    private readonly model: LlamaModel,
    private readonly context: LlamaContext,
    private readonly template: ChatTemplate | undefined,
  ) {
    this.#sequence = context.getSequence();
  }

  async complete(prompts: readonly TeacherPrompt[], sampling: TeacherSampling, context: WorkContext, onCompletion?: OnCompletion): Promise<Completion[]> {
    const results: Completion[] = [];
    for (const [index, prompt] of prompts.entries()) {
      const completion = await this.answer(prompt, sampling, context.signal);
      results.push(completion);
      onCompletion?.(index, completion);
      context.onProgress({ phase: 'generate', done: results.length, total: prompts.length, unit: 'rows' });
    }
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.dispose();
    await this.model.dispose();
    await this.llama.dispose();
  }

  private async answer(prompt: TeacherPrompt, { maxNewTokens, temperature, topP }: TeacherSampling, signal: AbortSignal): Promise<Completion> {
    const input = this.model.tokenize(this.textOf(prompt), true, 'trimLeadingSpace');
    const room = this.context.contextSize - input.length;
    if (room < 1) {
      throw new TeacherError({
        message: `The teacher ${this.name} reads at most ${this.context.contextSize} tokens with the answer; a prompt has ${input.length}. Give fewer or shorter examples.`,
        code: 'teacher-prompt-too-long',
        facts: { tokens: input.length, contextLength: this.context.contextSize },
      });
    }
    await this.#sequence.clearHistory();
    const answer: Token[] = [];
    const limit = Math.min(maxNewTokens, room);
    let finish: Completion['finish'] = 'stop';
    // A temperature of 0 makes llama.cpp greedy whatever else is said.
    for await (const token of this.#sequence.evaluate(input, { temperature, topP, topK: 0, minP: 0, seed: prompt.seed, yieldEogToken: true })) {
      signal.throwIfAborted();
      if (this.model.isEogToken(token)) break;
      answer.push(token);
      if (answer.length >= limit) {
        finish = 'length';
        break;
      }
    }
    const text = this.model.detokenize(answer);
    const end = this.template ? text.length : endOfAlpacaAnswer(text);
    return { text: text.slice(0, end).trim(), finish: end < text.length ? 'stop' : finish, promptTokens: input.length, newTokens: answer.length };
  }

  private textOf(prompt: TeacherPrompt): string {
    const { template } = this;
    if (!template) return (this.model.tokens.shouldPrependBosToken ? (this.model.tokens.bosString ?? '') : '') + alpacaPrompt(asOneText(prompt));
    return withSystemMessage(prompt, (messages) => template.render(messages, { addGenerationPrompt: true }));
  }
}
