import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChatSpec, ScoreSpec } from '@tunesmith/contracts';
import { elementCount, readModelFolder } from '@tunesmith/checkpoints';
import { compareEvaluations, evaluateModel, importTasks, type CompareOptions, type EvaluateModelOptions, type ImportTasksOptions } from '@tunesmith/evaluation';
import { answerConversation, loadForInference, parseScoreRow, scoreTokens } from '@tunesmith/generation';
import { defineWorker } from '@tunesmith/platform';

/** A model, and the adapter beside it. */
interface ModelFolders {
  readonly modelFolder: string;
  readonly adapterFolder?: string;
}

type ScoreInput = Pick<ScoreSpec, 'rows' | 'dtype'> & ModelFolders & { rowsFile?: string; outFolder: string };

/** What the workers of the evaluator may run. A chat is short and somebody waits for it, and tasks are read quickly: they do not queue behind other work. */
export default defineWorker({
  evaluate: ({ outFolder, ...options }: EvaluateModelOptions & { outFolder: string }, context) => evaluateModel(options, outFolder, context),

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

  async chat({ modelFolder, adapterFolder, dtype, messages, ...options }: Omit<ChatSpec, 'model' | 'adapter'> & ModelFolders, context) {
    using loaded = await loadForInference(modelFolder, { dtype, adapterFolder });
    return await answerConversation(loaded, messages, options, context);
  },
}, { cores: { chat: 0, compare: 0, importTasks: 0 }, predictMemory: { evaluate: predictEvaluation, score: predictWeights, chat: predictWeights } });

/** The model, the one compared with and the judge are in memory one after the other. */
async function predictEvaluation({ modelFolder, againstFolder, judge, dtype }: EvaluateModelOptions): Promise<Record<string, number>> {
  const models = [modelFolder, againstFolder].filter((folder) => folder !== undefined).map((folder) => ({ modelFolder: folder, dtype }));
  const judging = judge?.source.kind === 'model' ? [{ modelFolder: judge.source.folder, dtype: judge.source.dtype }] : [];
  const weights = await Promise.all([...models, ...judging].map(async (each) => (await predictWeights(each))['weights']!));
  return { weights: Math.max(...weights) };
}

/** One model is in memory at a time; what is computed with it comes on top. */
async function predictWeights({ modelFolder, dtype }: { modelFolder: string; dtype: ScoreSpec['dtype'] }): Promise<Record<string, number>> {
  await using model = await readModelFolder(modelFolder);
  const weights = [...model.tensors.names()].map((name) => model.tensors.info(name));
  if (dtype === 'model') return { weights: weights.reduce((sum, { byteLength }) => sum + byteLength, 0) };
  return { weights: weights.reduce((sum, { shape }) => sum + elementCount(shape), 0) * (dtype === 'float32' ? 4 : 2) };
}
