import type { EncodedRow } from '@tunesmith/datasets';
import { loadForInference, tokenLogProbs } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { mkdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { exportGguf } from './exporters/gguf.js';
import { exportOnnx } from './exporters/onnx.js';
import { writeOnnxFolder } from './exporters/onnx/onnx-folder.js';
import { openSourceModel, type SourceModel } from './exporters/source-model.js';
import { heldOutRows } from './held-out-rows.js';
import { perplexity } from './perplexity.js';
import { QuantizationError } from './quantization-error.js';
import { findTarget, type QuantizationTarget } from './quantization-targets.js';
import { openGgufRuntime } from './runtimes/llama-cpp-runtime.js';
import type { ModelRuntime } from './runtimes/model-runtime.js';
import { openOnnxRuntime } from './runtimes/onnx-runtime.js';

export interface QuantizeRequest {
  /** A Hugging Face folder. */
  readonly modelFolder: string;
  /** Names of targets, such as `gguf/q8_0`. */
  readonly to: readonly string[];
  /** A dataset whose validation rows (those with `tag`, where given) the perplexity is computed on. */
  readonly datasetFolder?: string | undefined;
  readonly tag?: string | undefined;
  /** Asked of each written file, each in a conversation of its own. */
  readonly questions: readonly string[];
  /** Default 64. */
  readonly maxAnswerTokens?: number;
  /** Default: all cores but one. The threads of runtimes spin while they wait for each other, so one that is kept waiting starves the machine. */
  readonly threads?: number;
}

/** One written file, and what its runtime made of it. Plain JSON, as all metrics of jobs. */
export type QuantizedFormat = {
  target: string;
  /** Inside its output folder. */
  file: string;
  bytes: number;
  secondsToWrite: number;
  /** Null without a dataset. */
  perplexity: number | null;
  answers: { question: string; answer: string }[];
};

export type QuantizeMetrics = {
  formats: QuantizedFormat[];
  /** The model as it came: its weights on disk, and its perplexity in float32. */
  base: { bytes: number; perplexity: number | null };
  /** What the perplexities were computed on. */
  scored: { rows: number; tokens: number };
};

/**
 * Writes a model in each wished format (only the folders that targets need come to be), and proves each file by having its runtime load it, answer the questions (greedily, by the model's chat
 * template) and score the held-out rows. To be called in a worker process: runtimes hold the event loop.
 * Throws QuantizationError: a file that its runtime refuses, logits that are not finite, tokens that llama.cpp reads differently.
 */
export async function quantizeModel(request: QuantizeRequest, folders: { readonly gguf: string; readonly onnx: string }, context: WorkContext): Promise<{ metrics: QuantizeMetrics }> {
  const targets = [...new Set(request.to)].map(findTarget);
  await using model = await openSourceModel(request.modelFolder);
  const exam = await prepareExam(request, model, context);
  const base = await examineBase(request.modelFolder, model, exam.rows, context);
  const formats: QuantizedFormat[] = [];
  for (const target of targets) {
    context.signal.throwIfAborted();
    const started = performance.now();
    const written = await write(target, model, folders[target.kind], context);
    const secondsToWrite = (performance.now() - started) / 1000;
    formats.push({ target: target.name, file: written.file, bytes: written.bytes, secondsToWrite, ...(await examine(target, join(folders[target.kind], written.file), exam, context)) });
  }
  const variants = targets.flatMap((target) => (target.kind === 'onnx' ? [target.variant] : []));
  if (variants.length > 0) await writeOnnxFolder(model, variants, folders.onnx);
  return { metrics: { formats, base, scored: { rows: exam.rows.length, tokens: countScored(exam.rows) } } };
}

async function write(target: QuantizationTarget, model: SourceModel, folder: string, context: WorkContext): Promise<{ file: string; bytes: number }> {
  await mkdir(folder, { recursive: true });
  if (target.kind === 'onnx') return exportOnnx(model, target.variant, folder, context);
  const file = `model-${target.scheme.name}.gguf`;
  await exportGguf(model, target.scheme, join(folder, file), context);
  return { file, bytes: (await stat(join(folder, file))).size };
}

/** What each file has to go through. */
interface Exam {
  readonly tokenizer: Tokenizer;
  readonly questions: readonly { readonly question: string; readonly text: string; readonly tokenIds: readonly number[] }[];
  readonly maxAnswerTokens: number;
  readonly rows: readonly EncodedRow[];
  readonly contextSize: number;
  readonly threads: number;
}

async function prepareExam(request: QuantizeRequest, model: SourceModel, { signal }: WorkContext): Promise<Exam> {
  if (model.family.decoderStartTokenId && (request.questions.length > 0 || request.datasetFolder !== undefined)) {
    throw new QuantizationError({
      code: 'runtime-without-encoder',
      message: `${request.modelFolder} is an encoder-decoder, which the runtimes here load but do not run. Leave questions and dataset out, and evaluate the model itself.`,
      facts: { folder: request.modelFolder, family: model.family.name },
    });
  }
  const tokenizer = await Tokenizer.fromFolder(request.modelFolder);
  const template = await ChatTemplate.fromFolder(request.modelFolder);
  if (template === undefined && (request.questions.length > 0 || request.datasetFolder !== undefined)) {
    throw new QuantizationError({
      code: 'no-chat-template',
      message: `${request.modelFolder} has no chat template, so it can neither be asked questions nor score conversations. Leave questions and dataset out, or use a model tuned for chat.`,
      facts: { folder: request.modelFolder },
    });
  }
  const { maxAnswerTokens = 64, threads = Math.max(1, availableParallelism() - 1) } = request;
  const questions = request.questions.map((question) => {
    const text = template!.render([{ role: 'user', content: question }], { addGenerationPrompt: true });
    return { question, text, tokenIds: tokenizer.encode(text, { addSpecialTokens: false }) };
  });
  const positions = model.configJson['max_position_embeddings'];
  const contextLength = typeof positions === 'number' ? positions : Infinity;
  const rows = request.datasetFolder === undefined ? [] : await heldOutRows(request.datasetFolder, tokenizer, template!, { tag: request.tag, contextLength, signal });
  const longest = Math.max(1, ...rows.map(({ tokenIds }) => tokenIds.length), ...questions.map(({ tokenIds }) => tokenIds.length + maxAnswerTokens));
  return { tokenizer, questions, maxAnswerTokens, rows, contextSize: Math.min(longest, contextLength), threads };
}

/** The model itself on the same tokens, in our own runtime. */
async function examineBase(folder: string, model: SourceModel, rows: readonly EncodedRow[], context: WorkContext): Promise<{ bytes: number; perplexity: number | null }> {
  const sizes = await Promise.all(model.weightFiles.map(async (path) => (await stat(path)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (rows.length === 0) return { bytes, perplexity: null };
  using loaded = await loadForInference(folder, { dtype: 'float32' });
  const logProbabilities = await tokenLogProbs(loaded.model, rows, { ...context, onProgress: (progress) => context.onProgress({ ...progress, phase: 'scoring the model itself' }) });
  return { bytes, perplexity: perplexity(logProbabilities.flat().filter((value) => value !== null)) };
}

async function examine(target: QuantizationTarget, path: string, exam: Exam, { signal, onProgress }: WorkContext): Promise<Pick<QuantizedFormat, 'answers' | 'perplexity'>> {
  const open = target.kind === 'gguf' ? openGgufRuntime : openOnnxRuntime;
  await using runtime = await open(path, { contextSize: exam.contextSize, threads: exam.threads, signal });
  const answers: { question: string; answer: string }[] = [];
  for (const { question, text, tokenIds } of exam.questions) {
    requireSameTokens(path, runtime, text, tokenIds);
    const answer = await runtime.complete(tokenIds, { maxNewTokens: exam.maxAnswerTokens, stopTokenIds: exam.tokenizer.eosTokenIds, signal });
    answers.push({ question, answer: exam.tokenizer.decode(answer, { skipSpecialTokens: true }).trim() });
    onProgress({ phase: `asking ${target.name}`, done: answers.length, total: exam.questions.length, unit: 'questions' });
  }
  const logProbabilities: number[] = [];
  for (const [index, { tokenIds, lossMask }] of exam.rows.entries()) {
    logProbabilities.push(...(await runtime.logProbabilities(tokenIds, lossMask, signal)));
    onProgress({ phase: `scoring ${target.name}`, done: index + 1, total: exam.rows.length, unit: 'rows' });
  }
  return { answers, perplexity: logProbabilities.length > 0 ? perplexity(logProbabilities) : null };
}

/** A runtime with a tokenizer of its own, made from what we wrote into the file, has to read text as the model does. */
function requireSameTokens(path: string, runtime: ModelRuntime, text: string, expected: readonly number[]): void {
  const read = runtime.tokenize?.(text);
  if (read === undefined || read.join() === expected.join()) return;
  const first = expected.findIndex((id, index) => read[index] !== id);
  throw new QuantizationError({
    code: 'tokens-differ',
    message: `${runtime.name} reads a question with ${path} as other tokens than the model's own tokenizer (from token ${first < 0 ? expected.length : first} on): the file's tokenizer would serve the model wrongly.`,
    facts: { path, runtime: runtime.name, expected, read },
  });
}

function countScored(rows: readonly EncodedRow[]): number {
  return rows.reduce((sum, { lossMask }) => sum + lossMask.filter((wanted, index) => wanted && index > 0).length, 0);
}
