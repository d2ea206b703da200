import type { ConversationFormat, Tokenizer } from '@tunesmith/tokenizers';
import { DatasetError } from './dataset-error.js';
import { placeholdersIn } from './placeholders.js';
import type { Row } from './row.js';

/** A conversation as a model reads it. */
export interface EncodedRow {
  readonly tokenIds: readonly number[];
  /** True at tokens that an assistant says: those that are trained on. */
  readonly lossMask: readonly boolean[];
  /** Of encoder-decoders: what the encoder reads. `tokenIds` are the decoder's then, beginning with its start token. */
  readonly sourceTokenIds?: readonly number[];
  /** Which row of the list it was, from 0. */
  readonly index: number;
}

export interface EncodeRowsOptions {
  /** In tokens; of encoder-decoders the source and the target each. Longer rows are refused: cutting one off would train on half an answer without a word. */
  readonly maxLength: number;
}

/** The one thing that encoding asks of a model's conversation format. */
export type TrainingTemplate = Pick<ConversationFormat, 'encodeForTraining'>;

/**
 * Renders and tokenizes rows for training and for the loss.
 *
 * @throws DatasetError `row-waits-for-answer`, `placeholder-without-value`, `row-too-long` (naming the rows and their lengths);
 *   EmptyLossMaskError where the template marks nothing as the assistant's.
 */
export async function encodeRows(rows: Iterable<Row> | AsyncIterable<Row>, tokenizer: Tokenizer, template: TrainingTemplate, { maxLength }: EncodeRowsOptions): Promise<EncodedRow[]> {
  const encoded: EncodedRow[] = [];
  const tooLong: { row: number; tokens: number }[] = [];
  let index = 0;
  for await (const row of rows) {
    refuseUnfinished(row, index);
    const conversation = template.encodeForTraining(tokenizer, row.messages.map(({ role, content }) => ({ role, content })));
    const tokens = Math.max(conversation.tokenIds.length, conversation.sourceTokenIds?.length ?? 0);
    if (tokens > maxLength) tooLong.push({ row: index + 1, tokens });
    encoded.push({ ...conversation, index });
    index += 1;
  }
  if (tooLong.length > 0) {
    const listed = tooLong.slice(0, 10).map(({ row, tokens }) => `row ${row} (${tokens} tokens)`);
    throw new DatasetError({
      message: `Expected rows of at most ${maxLength} tokens; got ${listed.join(', ')}${tooLong.length > 10 ? ` and ${tooLong.length - 10} more` : ''}. Raise maxLength to ${Math.max(...tooLong.map(({ tokens }) => tokens))} or shorten the rows.`,
      code: 'row-too-long',
      facts: { maxLength, rows: tooLong },
    });
  }
  return encoded;
}

function refuseUnfinished(row: Row, index: number): void {
  if (row.answerWith) {
    throw new DatasetError({
      message: `Row ${index + 1} waits for the model's own answer ("answerWith":"self"). Run a synthesize step (self-replay) over the dataset first.`,
      code: 'row-waits-for-answer',
      facts: { row: index + 1 },
    });
  }
  const names = [...placeholdersIn({ messages: row.messages })];
  if (names.length > 0) {
    throw new DatasetError({
      message: `Row ${index + 1} still holds ${names.map((name) => `{{${name}}}`).join(', ')}. Give the values as placeholders of a synthesize step.`,
      code: 'placeholder-without-value',
      facts: { row: index + 1, missing: names },
    });
  }
}
