import { collectRows, DatasetWriter, fillPlaceholders, ReportBuilder, type DatasetReport, type Row } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { answerConversations } from './answer-conversation.js';
import { finishedText } from './finished-text.js';
import { GenerationError } from './generation-error.js';
import { openOwnModel } from './own-model.js';

export interface CompleteRowsOptions {
  readonly modelFolder: string;
  readonly datasetFolder: string;
  /** Values for {{NAME}} in all texts of all rows. */
  readonly placeholders: Readonly<Record<string, string>>;
  readonly maxNewTokens: number;
  readonly dtype?: 'float32' | 'bfloat16';
}

export interface CompletedRows {
  readonly report: DatasetReport;
  readonly metrics: {
    readonly rows: number;
    /** Rows that the model answered. */
    readonly answered: number;
    /** Of these, how many a limit cut off; they end with their last whole sentence. */
    readonly shortened: number;
    /** Rows left out because the model said nothing. */
    readonly unanswered: number;
    readonly newTokens: number;
    readonly tokensPerSecond: number;
  };
}

/**
 * Self-replay: the model itself answers, greedily, the rows that leave their answer to it, and placeholders get their values. Tuned
 * on its own answers to general questions beside the new rows, a model stays what it was. Writes a dataset folder
 * in which no row waits for anything; rows keep their order.
 *
 * @throws GenerationError `nothing-answered` where the model is silent on every row; DatasetError as `fillPlaceholders`.
 */
export async function completeRowsWithModel({ modelFolder, datasetFolder, placeholders, maxNewTokens, dtype = 'bfloat16' }: CompleteRowsOptions, outFolder: string, context: WorkContext): Promise<CompletedRows> {
  const rows = fillPlaceholders(await collectRows(datasetFolder, { signal: context.signal }), placeholders);
  const waiting = rows.filter((row) => row.answerWith === 'self');
  const started = performance.now();
  const answers = waiting.length === 0 ? [] : await answer(waiting, modelFolder, maxNewTokens, dtype, context);
  const seconds = (performance.now() - started) / 1000;

  const texts = new Map(waiting.map((row, index) => [row, answers[index]!.text]));
  await using writer = await DatasetWriter.create(outFolder);
  using report = new ReportBuilder();
  let unanswered = 0;
  for (const row of rows) {
    const text = texts.get(row);
    if (text === '') unanswered += 1;
    else {
      const complete = text === undefined ? row : answered(row, text);
      report.add(complete, { format: 'messages' });
      await writer.add(complete);
    }
  }
  if (waiting.length > 0 && unanswered === waiting.length) {
    throw new GenerationError({
      message: `The model answered none of the ${waiting.length} rows that wait for it: it ended every answer at once. Is it tuned for chat, with the template that it was tuned with?`,
      code: 'nothing-answered',
      facts: { rows: waiting.length },
    });
  }
  const finished = report.finish({ dropped: { rows: unanswered, reasons: unanswered > 0 ? { 'no-answer': unanswered } : {} } });
  await writer.finish(finished);
  const newTokens = answers.reduce((sum, { tokens }) => sum + tokens, 0);
  return {
    report: finished,
    metrics: {
      rows: finished.rows,
      answered: waiting.length - unanswered,
      shortened: answers.filter(({ shortened }) => shortened).length,
      unanswered,
      newTokens,
      tokensPerSecond: seconds > 0 ? newTokens / seconds : 0,
    },
  };
}

interface SelfAnswer {
  readonly text: string;
  readonly tokens: number;
  readonly shortened: boolean;
}

async function answer(rows: readonly Row[], modelFolder: string, maxNewTokens: number, dtype: 'float32' | 'bfloat16', context: WorkContext): Promise<SelfAnswer[]> {
  await using model = await openOwnModel(modelFolder, { dtype });
  const answers = await answerConversations(model, rows.map(({ messages }) => messages), { maxNewTokens, tools: rows.map(({ tools }) => tools) }, context);
  return answers.map(({ text, tokenIds, finish }) => ({
    text: finish === 'length' ? finishedText(text.trim()) : text.trim(),
    tokens: tokenIds.length,
    shortened: finish === 'length',
  }));
}

function answered(row: Row, text: string): Row {
  const { answerWith: _answered, ...rest } = row;
  return { ...rest, messages: [...row.messages, { role: 'assistant', content: text }] };
}
