import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChatSpec, ScoreSpec } from '@tunesmith/contracts';
import { evaluateModel, type EvaluateModelOptions } from '@tunesmith/evaluation';
import { answerConversation, loadForInference, parseScoreRow, scoreTokens } from '@tunesmith/generation';
import { defineWorker } from '@tunesmith/platform';

type ScoreInput = Pick<ScoreSpec, 'rows' | 'dtype'> & { modelFolder: string; rowsFile?: string; outFolder: string };

/** What the workers of the evaluator may run. */
export default defineWorker({
  evaluate: ({ outFolder, ...options }: EvaluateModelOptions & { outFolder: string }, context) => evaluateModel(options, outFolder, context),

  async score({ modelFolder, rows, rowsFile, dtype, outFolder }: ScoreInput, context) {
    const given: unknown[] = rowsFile === undefined ? (rows ?? []) : (await readFile(rowsFile, 'utf8')).split('\n').filter(Boolean).map((line) => JSON.parse(line) as unknown);
    const parsed = given.map(parseScoreRow);
    using loaded = await loadForInference(modelFolder, { dtype });
    const lines = (await scoreTokens(loaded, parsed, context)).map((row) => `${JSON.stringify(row)}\n`).join('');
    await mkdir(outFolder, { recursive: true });
    await writeFile(join(outFolder, 'rows.jsonl'), lines);
    return { count: parsed.length, size: lines.length };
  },

  async chat({ modelFolder, dtype, messages, ...options }: Omit<ChatSpec, 'model'> & { modelFolder: string }, context) {
    using loaded = await loadForInference(modelFolder, { dtype });
    return await answerConversation(loaded, messages, options, context);
  },
});
