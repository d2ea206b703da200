import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ChatSpec, ScoreSpec } from '@tunesmith/contracts';
import { elementCount, readModelFolder } from '@tunesmith/checkpoints';
import { addressTarget, compareEvaluations, evaluateModel, importTasks, tokenRespondent, type CompareOptions, type EvaluationTarget, type ImportTasksOptions } from '@tunesmith/evaluation';
import { answerConversation, loadForInference, openOwnModel, parseScoreRow, scoreTokens, serveAnswer, type TokenModel } from '@tunesmith/generation';
import { defineWorker, jobErrorOf, type ConversationContext } from '@tunesmith/platform';
import { fileMemory, openQuantizedModel, quantizedChatTemplate, quantizedFile } from '@tunesmith/quantization';
import type { EvaluatedPlace, EvaluateInput, ModelPlace } from './model-place.js';
import type { ServeInput } from './serving/serve-messages.js';
import { serveModel } from './serving/serve-model.js';

/** A model, and the adapter beside it. */
interface ModelFolders {
  readonly modelFolder: string;
  readonly adapterFolder?: string;
}

type ScoreInput = Pick<ScoreSpec, 'rows' | 'dtype'> & ModelFolders & { rowsFile?: string; outFolder: string };

/** What the workers of the evaluator may run. A chat is short and somebody waits for it, and tasks are read quickly: they do not queue behind other work. */
export default defineWorker({
  evaluate: ({ outFolder, ...input }: EvaluateInput, context) => evaluateModel({ ...input, ...targetOf(input, hasOneModel(input)) }, outFolder, context),

  compare: ({ outFolder, ...options }: CompareOptions & { outFolder: string }) => compareEvaluations(options, outFolder),

  importTasks: ({ outFolder, ...options }: ImportTasksOptions & { outFolder: string }, context) => importTasks(options, outFolder, context),

  async score({ modelFolder, adapterFolder, rows, rowsFile, dtype, outFolder }: ScoreInput, context) {
    const given: unknown[] = rowsFile === undefined ? (rows ?? []) : (await readFile(rowsFile, 'utf8')).split('\n').filter(Boolean).map((line) => JSON.parse(line) as unknown);
    const parsed = given.map(parseScoreRow);
    using loaded = await loadForInference(modelFolder, { dtype, adapterFolder });
    const lines = (await scoreTokens(loaded, parsed, context)).map((row) => `${JSON.stringify(row)}\n`).join('');
    await mkdir(outFolder, { recursive: true });
    await writeFile(join(outFolder, 'rows.jsonl'), lines);
    return { count: parsed.length, size: lines.length };
  },

  async serve(input: ServeInput, context: ConversationContext) {
    await using model = input.kind === 'model' ? await openOwnModel(input.modelFolder, input) : await openQuantizedModel(input.path, { ...input, signal: context.signal });
    await serveModel(model, serveAnswer, jobErrorOf, context);
  },

  async chat({ messages, maxNewTokens, temperature, topP, seed, ...place }: Pick<ChatSpec, 'messages' | 'maxNewTokens' | 'temperature' | 'topP' | 'seed'> & ModelPlace, context) {
    await using model = await openPlace(place, context.signal);
    return await answerConversation(model, messages, { maxNewTokens, temperature, topP, seed }, context);
  },
}, { cores: { chat: 0, serve: 0, compare: 0, importTasks: 0 }, predictMemory: { evaluate: predictEvaluation, score: predictWeights, chat: predictPlace, serve: predictServed } });

/** Whether nothing beside the target is computed in the type of number that was given. */
function hasOneModel({ againstFolder, judge }: Pick<EvaluateInput, 'againstFolder' | 'judge'>): boolean {
  return againstFolder === undefined && judge?.source.kind !== 'model';
}

/** Nothing of it where the folder of a model is all that there is to say. */
function targetOf(place: EvaluatedPlace, alone: boolean): { target?: EvaluationTarget } {
  if ('modelFolder' in place) return {};
  if ('address' in place) return { target: addressTarget(place.address, place.templateFolder) };
  const { quantizedFolder, format, dtype, fileAdapter: adapter } = place;
  return { target: { open: async (signal) => tokenRespondent(await openQuantizedModel(quantizedFolder, { format, dtype, typeIsChosen: alone && dtype === 'float32', adapter, signal })), chatTemplate: () => quantizedChatTemplate(quantizedFolder, format) } };
}

function openPlace(place: ModelPlace, signal: AbortSignal): Promise<TokenModel> {
  return 'modelFolder' in place ? openOwnModel(place.modelFolder, place) : openQuantizedModel(place.quantizedFolder, { ...place, typeIsChosen: place.dtype === 'float32', adapter: place.fileAdapter, signal });
}

async function predictPlace(place: ModelPlace): Promise<Record<string, number>> {
  if ('modelFolder' in place) return predictWeights(place);
  return predictFile(await quantizedFile(place.quantizedFolder, place.format), place.dtype);
}

function predictServed(input: ServeInput): Promise<Record<string, number>> {
  return input.kind === 'model' ? predictWeights(input) : predictFile(input.path, input.dtype ?? 'bfloat16');
}

/** Packed linears are decoded. */
async function predictFile(path: string, dtype: ScoreSpec['dtype']): Promise<Record<string, number>> {
  return basename(path) === 'config.json' ? predictWeights({ modelFolder: dirname(path), dtype }) : { weights: await fileMemory(path) };
}

/** The model, the one compared with and the judge are in memory one after the other. */
async function predictEvaluation({ againstFolder, judge, dtype, ...place }: EvaluateInput): Promise<Record<string, number>> {
  const own = 'address' in place ? {} : await predictPlace({ ...place, dtype });
  const models = againstFolder === undefined ? [] : [{ modelFolder: againstFolder, dtype }];
  const judging = judge?.source.kind === 'model' ? [{ modelFolder: judge.source.folder, dtype: judge.source.dtype }] : [];
  const weights = await Promise.all([...models, ...judging].map(async (each) => (await predictWeights(each))['weights']!));
  return { weights: Math.max(own['weights'] ?? 0, ...weights) };
}

/** One model is in memory at a time; what is computed with it comes on top. */
async function predictWeights({ modelFolder, dtype }: { modelFolder: string; dtype: ScoreSpec['dtype'] }): Promise<Record<string, number>> {
  await using model = await readModelFolder(modelFolder);
  const weights = [...model.tensors.names()].map((name) => model.tensors.info(name));
  if (dtype === 'model') return { weights: weights.reduce((sum, { byteLength }) => sum + byteLength, 0) };
  return { weights: weights.reduce((sum, { shape }) => sum + elementCount(shape), 0) * (dtype === 'float32' ? 4 : 2) };
}
