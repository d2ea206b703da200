import type { EncodedRow } from '@tunesmith/datasets';
import { conversationFormat } from '@tunesmith/models';
import type { WorkContext } from '@tunesmith/tensor';
import { ChatTemplate, SourceTargetFormat, Tokenizer, TokenizerError } from '@tunesmith/tokenizers';
import { availableParallelism } from 'node:os';
import { bytesOf } from './bytes-of.js';
import type { SourceModel } from './exporters/source-model.js';
import { heldOutRows } from './held-out-rows.js';
import { calibrationRows } from './importance/collect-importance.js';
import { klDivergence } from './kl-divergence.js';
import { perplexity } from './perplexity.js';
import { perplexityRatio, type PerplexityRatio } from './perplexity-ratio.js';
import { QuantizationError } from './quantization-error.js';
import type { QuantizationTarget } from './quantization-targets.js';
import { openFolderRuntime } from './runtimes/folder-runtime.js';
import { openGgufRuntime } from './runtimes/llama-cpp-runtime.js';
import { complete, type ModelRuntime, type RuntimeOptions } from './runtimes/model-runtime.js';
import { openOnnxRuntime } from './runtimes/onnx-runtime.js';
import type { SourcePlace } from './source-scores.js';
import { largestUnasked, usualBeginning, usualPairs, usualQuestion, usualText } from './usual-text.js';

export interface ExamRequest {
  /** A Hugging Face folder. */
  readonly modelFolder: string;
  /** A dataset whose validation rows (those with `tag`, where given) the perplexity is computed on. */
  readonly datasetFolder?: string | undefined;
  readonly tag?: string | undefined;
  /** A dataset whose rows to train on the model is shown, to weigh the errors of GGUF files by what its matrices are multiplied with. */
  readonly calibrationFolder?: string | undefined;
  /** Asked of each written file, each in a conversation of its own; none: a usual one, or how a text goes on where the model has no chat template. */
  readonly questions: readonly string[];
  /** Default 64. */
  readonly maxAnswerTokens?: number;
  /** Default: all cores but one. The threads of runtimes spin while they wait for each other, so one that is kept waiting starves the machine. */
  readonly threads?: number;
}

interface Question {
  readonly question: string;
  /** As the model is shown it; the tokenizer adds to it what `tokenIds` has more. */
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** What an encoder-decoder's encoder reads. */
  readonly sourceTokenIds?: readonly number[];
  readonly maxAnswerTokens: number;
}

/** What each file has to go through. */
export interface Exam {
  readonly tokenizer: Tokenizer;
  readonly questions: readonly Question[];
  readonly rows: readonly EncodedRow[];
  /** Whether the rows are a text that stands in for some of the user's own. */
  readonly standsIn: boolean;
  /** What the model is to be shown first; undefined where nothing. */
  readonly calibration: readonly EncodedRow[] | undefined;
  readonly contextSize: number;
  readonly threads: number;
}

/** Reads questions and rows as the model does. Throws QuantizationError where it reads no conversations. */
export async function prepareExam(request: ExamRequest, model: SourceModel, { signal }: WorkContext): Promise<Exam> {
  const reads = request.questions.length > 0 || request.datasetFolder !== undefined || request.calibrationFolder !== undefined;
  const tokenizer = await Tokenizer.fromFolder(request.modelFolder);
  const format = await conversationFormat(request.modelFolder);
  if (format === undefined && reads) {
    throw new QuantizationError({
      code: 'no-chat-template',
      message: `${request.modelFolder} has no chat template, so it can neither be asked questions nor read conversations. Leave questions, dataset and calibration out, or use a model tuned for chat.`,
      facts: { folder: request.modelFolder },
    });
  }
  const { maxAnswerTokens = 64, threads = Math.max(1, availableParallelism() - 1) } = request;
  const asked = (question: string): Question => {
    const messages = [{ role: 'user', content: question }] as const;
    const text = format instanceof ChatTemplate ? format.render(messages, { addGenerationPrompt: true }) : question;
    return { question, text, ...format!.encodePrompt(tokenizer, messages), maxAnswerTokens };
  };
  const positions = model.configJson['max_position_embeddings'] ?? model.configJson['n_positions'];
  const contextLength = typeof positions === 'number' ? positions : Infinity;
  const scored = (await bytesOf(model.weightFiles)) <= largestUnasked;
  const usual = whereSpelt(() => (format instanceof SourceTargetFormat ? usualPairsExam(format, tokenizer, contextLength, scored) : usualExam(tokenizer, contextLength, scored)));
  const unasked = usual && (format ? [asked(usualQuestion)] : usual.questions).flatMap((each): Question[] => {
    const room = contextLength - each.tokenIds.length;
    return room < 1 ? [] : [{ ...each, maxAnswerTokens: Math.min(maxAnswerTokens, room) }];
  });
  const questions = request.questions.length > 0 ? request.questions.map(asked) : (unasked ?? []);
  const given = request.datasetFolder === undefined ? undefined : await heldOutRows(request.datasetFolder, tokenizer, format!, { tag: request.tag, contextLength, signal });
  const rows = given ?? usual?.rows ?? [];
  const calibration = request.calibrationFolder === undefined ? undefined : await calibrationRows(request.calibrationFolder, tokenizer, format!, { contextLength, signal });
  const longest = Math.max(1, ...rows.map(({ tokenIds }) => tokenIds.length), ...questions.map((each) => each.tokenIds.length + each.maxAnswerTokens));
  return { tokenizer, questions, rows, standsIn: given === undefined && rows.length > 0, calibration, contextSize: Math.min(longest, contextLength), threads };
}

/** What a model goes through that nobody gave questions or rows for. */
type UsualExam = Pick<Exam, 'questions' | 'rows'>;

/** The beginning of a text to go on with, and that text. */
function usualExam(tokenizer: Tokenizer, contextLength: number, scored: boolean): UsualExam {
  const tokenIds = tokenizer.encode(usualText).slice(0, contextLength);
  const beginning = tokenizer.encode(usualBeginning, { addSpecialTokens: false });
  // What the tokenizer puts in front of a text, and not what it puts behind it.
  const before = tokenIds.slice(0, Math.max(0, tokenIds.indexOf(beginning[0]!)));
  return { questions: [{ question: usualBeginning, text: usualBeginning, tokenIds: [...before, ...beginning], maxAnswerTokens: 0 }], rows: scored ? [{ tokenIds, lossMask: tokenIds.map(() => true), index: 0 }] : [] };
}

/** The paragraphs of that text, each after its beginning. */
function usualPairsExam(format: SourceTargetFormat, tokenizer: Tokenizer, contextLength: number, scored: boolean): UsualExam {
  const rows = usualPairs().map(([source, target], index) => ({ ...format.encodePair(tokenizer, source, target), index }));
  return { questions: [], rows: scored ? rows.filter(({ tokenIds, sourceTokenIds = [] }) => Math.max(tokenIds.length, sourceTokenIds.length) <= contextLength) : [] };
}

/** Nothing where the vocabulary cannot spell it. */
function whereSpelt(exam: () => UsualExam): UsualExam | undefined {
  try {
    return exam();
  } catch (error) {
    if (error instanceof TokenizerError && error.code === 'tokenizer-unknown-text') return undefined;
    throw error;
  }
}

/** What loads the files of each kind. */
const runtimes = { gguf: openGgufRuntime, onnx: openOnnxRuntime, hf: openFolderRuntime } as const;

/** What a runtime made of a file. Plain JSON. */
export type Examined = {
  /** Of held-out rows, else of a usual text; null where there is neither. */
  perplexity: number | null;
  /** By the model's own, token by token; null where nothing was scored. */
  perplexityRatio: PerplexityRatio | null;
  /** Of the file from the model, nats a token, its 100 likeliest tokens told apart; null where nothing was scored. */
  klDivergence: number | null;
  answers: { question: string; answer: string }[];
};

/** A written file, and an adapter that is applied to it. */
export interface ExaminedFile extends Pick<RuntimeOptions, 'adapter' | 'adapterFolder'> {
  readonly path: string;
}

/** Has the target's runtime load the file (with an adapter, where one is given), answer the questions and score the rows. `source`: what the model itself says of them. */
export async function examine(target: QuantizationTarget, { path, ...adapter }: ExaminedFile, exam: Exam, source: readonly (readonly SourcePlace[])[], { signal, onProgress }: WorkContext): Promise<Examined> {
  await using runtime = await runtimes[target.kind](path, { contextSize: exam.contextSize, threads: exam.threads, ...adapter, signal });
  const answers: { question: string; answer: string }[] = [];
  for (const { question, text, tokenIds, sourceTokenIds, maxAnswerTokens } of exam.questions) {
    requireSameTokens(path, runtime, text, exam.tokenizer.encode(text, { addSpecialTokens: false }));
    const answer = await complete(runtime, tokenIds, { maxNewTokens: maxAnswerTokens, stopTokenIds: exam.tokenizer.eosTokenIds, signal }, sourceTokenIds);
    answers.push({ question, answer: exam.tokenizer.decode(answer, { skipSpecialTokens: true }).trim() });
    onProgress({ phase: `asking ${target.name}`, done: answers.length, total: exam.questions.length, unit: 'questions' });
  }
  const logProbabilities: number[] = [];
  let divergence = 0;
  for (const [index, { tokenIds, lossMask, sourceTokenIds }] of exam.rows.entries()) {
    const places = source[index]!;
    let next = 0;
    // The token itself, then those that the model finds likeliest.
    const asked = tokenIds.map((id, place) => (place > 0 && lossMask[place] === true ? [id, ...places[next++]!.candidates] : []));
    for (const [place, score] of (await runtime.score(tokenIds, asked, signal, sourceTokenIds)).entries()) {
      const [own, ...candidates] = score.logProbabilities;
      logProbabilities.push(own!);
      divergence += klDivergence(places[place]!.logProbabilities, candidates);
    }
    onProgress({ phase: `scoring ${target.name}`, done: index + 1, total: exam.rows.length, unit: 'rows' });
  }
  if (logProbabilities.length === 0) return { answers, perplexity: null, perplexityRatio: null, klDivergence: null };
  const own = source.flat().map(({ logProbability }) => logProbability);
  return { answers, perplexity: perplexity(logProbabilities), perplexityRatio: perplexityRatio(own, logProbabilities), klDivergence: divergence / logProbabilities.length };
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
