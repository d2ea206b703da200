import type { EncodedRow } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { mkdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { exportGguf, type GgufContent } from './exporters/gguf.js';
import { exportOnnx } from './exporters/onnx.js';
import { writeOnnxFolder } from './exporters/onnx/onnx-folder.js';
import { openSourceModel, type SourceModel } from './exporters/source-model.js';
import { heldOutRows } from './held-out-rows.js';
import { calibrationRows, collectImportance } from './importance/collect-importance.js';
import { writeImportanceFile } from './importance/importance-file.js';
import type { ImportanceMatrix } from './importance/importance-matrix.js';
import { klDivergence } from './kl-divergence.js';
import { perplexity } from './perplexity.js';
import { QuantizationError } from './quantization-error.js';
import { findTarget, type QuantizationTarget } from './quantization-targets.js';
import { openGgufRuntime } from './runtimes/llama-cpp-runtime.js';
import type { ModelRuntime } from './runtimes/model-runtime.js';
import { openOnnxRuntime } from './runtimes/onnx-runtime.js';
import { sourceScores, type SourcePlace } from './source-scores.js';

/** Beside the GGUF files that were made with it. */
const importanceFile = 'imatrix.gguf';

export interface QuantizeRequest {
  /** A Hugging Face folder. */
  readonly modelFolder: string;
  /** Names of targets, such as `gguf/q8_0`. */
  readonly to: readonly string[];
  /** A dataset whose validation rows (those with `tag`, where given) the perplexity is computed on. */
  readonly datasetFolder?: string | undefined;
  readonly tag?: string | undefined;
  /** A dataset whose rows to train on the model is shown, to weigh the errors of GGUF files by what its matrices are multiplied with. */
  readonly calibrationFolder?: string | undefined;
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
  /** Of the file from the model, nats a token, its 100 likeliest tokens told apart; null without a dataset. */
  klDivergence: number | null;
  /** Of GGUF files: how many tensors have each type, and why some have not the one that they should. */
  content?: GgufContent;
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
  const importance = exam.calibration && targets.some(({ kind }) => kind === 'gguf') ? await calibrate(request.modelFolder, exam.calibration, folders.gguf, context) : undefined;
  const source = exam.rows.length > 0 ? await sourceScores(request.modelFolder, exam.rows, context) : [];
  const formats: QuantizedFormat[] = [];
  for (const target of targets) {
    context.signal.throwIfAborted();
    const started = performance.now();
    const written = await write(target, model, folders[target.kind], importance, context);
    const secondsToWrite = (performance.now() - started) / 1000;
    formats.push({ target: target.name, ...written, secondsToWrite, ...(await examine(target, join(folders[target.kind], written.file), exam, source, context)) });
  }
  const variants = targets.flatMap((target) => (target.kind === 'onnx' ? [target.variant] : []));
  if (variants.length > 0) await writeOnnxFolder(model, variants, folders.onnx);
  const places = source.flat();
  const base = { bytes: await bytesOf(model.weightFiles), perplexity: places.length > 0 ? perplexity(places.map(({ logProbability }) => logProbability)) : null };
  return { metrics: { formats, base, scored: { rows: exam.rows.length, tokens: places.length } } };
}

async function write(target: QuantizationTarget, model: SourceModel, folder: string, importance: ImportanceMatrix | undefined, context: WorkContext): Promise<Pick<QuantizedFormat, 'file' | 'bytes' | 'content'>> {
  await mkdir(folder, { recursive: true });
  if (target.kind === 'onnx') return exportOnnx(model, target.variant, folder, context);
  const file = `model-${target.fileType.name}.gguf`;
  const content = await exportGguf(model, target.fileType, join(folder, file), context, importance);
  return { file, bytes: (await stat(join(folder, file))).size, content };
}

/** Sums up what goes through the model, and leaves it beside the GGUF files, where llama.cpp's own tools can use it. */
async function calibrate(modelFolder: string, rows: readonly EncodedRow[], folder: string, context: WorkContext): Promise<ImportanceMatrix> {
  const importance = await collectImportance(modelFolder, rows, context);
  await mkdir(folder, { recursive: true });
  await writeImportanceFile(join(folder, importanceFile), importance, { dataset: 'calibration', rows: rows.length, longestRow: Math.max(...rows.map(({ tokenIds }) => tokenIds.length)) });
  return importance;
}

/** What each file has to go through. */
interface Exam {
  readonly tokenizer: Tokenizer;
  readonly questions: readonly { readonly question: string; readonly text: string; readonly tokenIds: readonly number[] }[];
  readonly maxAnswerTokens: number;
  readonly rows: readonly EncodedRow[];
  /** What the model is to be shown first; undefined where nothing. */
  readonly calibration: readonly EncodedRow[] | undefined;
  readonly contextSize: number;
  readonly threads: number;
}

async function prepareExam(request: QuantizeRequest, model: SourceModel, { signal }: WorkContext): Promise<Exam> {
  const reads = request.questions.length > 0 || request.datasetFolder !== undefined || request.calibrationFolder !== undefined;
  if (model.family.decoderStartTokenId && reads) {
    throw new QuantizationError({
      code: 'runtime-without-encoder',
      message: `${request.modelFolder} is an encoder-decoder, which the runtimes here load but do not run. Leave questions, dataset and calibration out, and evaluate the model itself.`,
      facts: { folder: request.modelFolder, family: model.family.name },
    });
  }
  const tokenizer = await Tokenizer.fromFolder(request.modelFolder);
  const template = await ChatTemplate.fromFolder(request.modelFolder);
  if (template === undefined && reads) {
    throw new QuantizationError({
      code: 'no-chat-template',
      message: `${request.modelFolder} has no chat template, so it can neither be asked questions nor read conversations. Leave questions, dataset and calibration out, or use a model tuned for chat.`,
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
  const calibration = request.calibrationFolder === undefined ? undefined : await calibrationRows(request.calibrationFolder, tokenizer, template!, { contextLength, signal });
  const longest = Math.max(1, ...rows.map(({ tokenIds }) => tokenIds.length), ...questions.map(({ tokenIds }) => tokenIds.length + maxAnswerTokens));
  return { tokenizer, questions, maxAnswerTokens, rows, calibration, contextSize: Math.min(longest, contextLength), threads };
}

async function bytesOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

type Examined = Pick<QuantizedFormat, 'answers' | 'perplexity' | 'klDivergence'>;

async function examine(target: QuantizationTarget, path: string, exam: Exam, source: readonly (readonly SourcePlace[])[], { signal, onProgress }: WorkContext): Promise<Examined> {
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
  let divergence = 0;
  for (const [index, { tokenIds, lossMask }] of exam.rows.entries()) {
    const places = source[index]!;
    let next = 0;
    // The token itself, then those that the model finds likeliest.
    const asked = tokenIds.map((id, place) => (place > 0 && lossMask[place] === true ? [id, ...places[next++]!.candidates] : []));
    for (const [place, [own, ...candidates]] of (await runtime.logProbabilitiesOf(tokenIds, asked, signal)).entries()) {
      logProbabilities.push(own!);
      divergence += klDivergence(places[place]!.logProbabilities, candidates);
    }
    onProgress({ phase: `scoring ${target.name}`, done: index + 1, total: exam.rows.length, unit: 'rows' });
  }
  if (logProbabilities.length === 0) return { answers, perplexity: null, klDivergence: null };
  return { answers, perplexity: perplexity(logProbabilities), klDivergence: divergence / logProbabilities.length };
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
