import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChatSpec, ScoreSpec } from '@tunesmith/contracts';
import { elementCount, readModelFolder } from '@tunesmith/checkpoints';
import { evaluateModel, type EvaluateModelOptions } from '@tunesmith/evaluation';
import { answerConversation, loadForInference, parseScoreRow, scoreTokens } from '@tunesmith/generation';
import { defineWorker } from '@tunesmith/platform';

type ScoreInput = Pick<ScoreSpec, 'rows' | 'dtype'> & { modelFolder: string; rowsFile?: string; outFolder: string };

/** What the workers of the evaluator may run. A chat is short and somebody waits for it: it does not queue behind other work. */
export default defineWorker({
  evaluate: ({ outFolder, ...options }: EvaluateModelOptions & { outFolder: string }, context) => evaluateModel(options, outFolder, context),

  async score({ modelFolder, rows, rowsFile, dtype, outFolder }: ScoreInput, context) {
    const given: unknown[] = rowsFile === undefined ? (rows ?? []) : (await readFile(rowsFile, 'utf8')).split('\n').filter(Boolean).map((line) => JSON.parse(line) as unknown);
    const parsed = given.map(parseScoreRow);
    using loaded = await loadForInference(modelFolder, { dtype: await computedIn(modelFolder, dtype) });
    const lines = (await scoreTokens(loaded, parsed, context)).map((row) => `${JSON.stringify(row)}\n`).join('');
    await mkdir(outFolder, { recursive: true });
    await writeFile(join(outFolder, 'rows.jsonl'), lines);
    return { count: parsed.length, size: lines.length };
  },

  async chat({ modelFolder, dtype, messages, ...options }: Omit<ChatSpec, 'model'> & { modelFolder: string }, context) {
    using loaded = await loadForInference(modelFolder, { dtype });
    return await answerConversation(loaded, messages, options, context);
  },
}, { cores: { chat: 0 }, predictMemory: { evaluate: predictWeights, score: predictWeights, chat: predictWeights } });

/** One model is in memory at a time; what is computed with it comes on top. */
async function predictWeights({ modelFolder, dtype }: { modelFolder: string; dtype: ScoreSpec['dtype'] }): Promise<Record<string, number>> {
  await using model = await readModelFolder(modelFolder);
  const parameters = [...model.tensors.names()].reduce((sum, name) => sum + elementCount(model.tensors.info(name).shape), 0);
  return { weights: parameters * ((await computedIn(modelFolder, dtype)) === 'float32' ? 4 : 2) };
}

/** `model` is the type that config.json names; float16 is computed in bfloat16. */
async function computedIn(modelFolder: string, dtype: ScoreSpec['dtype']): Promise<'float32' | 'bfloat16'> {
  if (dtype !== 'model') return dtype;
  await using model = await readModelFolder(modelFolder);
  return (model.config['torch_dtype'] ?? model.config['dtype'] ?? 'float32') === 'float32' ? 'float32' : 'bfloat16';
}
