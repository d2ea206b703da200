import type { ConversationFormat, Tokenizer } from '@tunesmith/tokenizers';
import { chatMessage } from './chat-message.js';
import { expectConversation, fitRows, naming, type Rows } from './encode-each.js';
import type { FitOptions, LongRowCounts } from './fit-row.js';
import { parseLossScale } from './loss-scale/loss-scale.js';
import type { LossScaleRule } from './loss-scale/weigh-response.js';

/** A row as a model reads it. */
export interface EncodedRow {
  readonly tokenIds: readonly number[];
  /** True at the tokens that are trained on, such as those that an assistant says. */
  readonly lossMask: readonly boolean[];
  /** What each token weighs in the loss; absent where each is what the mask says, 1 or 0. */
  readonly lossWeights?: readonly number[];
  /** Of encoder-decoders: what the encoder reads. `tokenIds` are the decoder's then, beginning with its start token. */
  readonly sourceTokenIds?: readonly number[];
  /** Which row of the list it was, from 0. */
  readonly index: number;
}

export interface EncodeRowsOptions extends FitOptions {
  /** Of conversations; absent: all that the assistant says counts the same. */
  readonly lossScale?: string | LossScaleRule;
}

/** Rows that fit, in their order: one or, where a long row was split, several from each. */
export interface FittedRows {
  readonly rows: EncodedRow[];
  readonly longRows: LongRowCounts;
}

/** The one thing that encoding asks of a model's conversation format. */
export type TrainingTemplate = Pick<ConversationFormat, 'encodeForTraining'>;

/**
 * Renders and tokenizes conversations for training and for the loss.
 *
 * @throws DatasetError `not-a-conversation`, `row-waits-for-answer`, `placeholder-without-value`, `row-too-long` (naming the rows and their
 *   lengths), `cannot-split`, `unknown-loss-scale`; EmptyLossMaskError where the template or the loss scale marks nothing to train on.
 */
export async function encodeConversations(rows: Rows, tokenizer: Tokenizer, template: TrainingTemplate, { lossScale = 'default', ...options }: EncodeRowsOptions): Promise<FittedRows> {
  const weighing = parseLossScale(lossScale);
  return fitRows(rows, options, (row, index) => {
    expectConversation(row, index);
    return naming(index, () => template.encodeForTraining(tokenizer, row.messages.map(chatMessage), weighing(row.messages), row.tools));
  });
}

/** As `encodeConversations`, for rows that all have to fit. */
export async function encodeRows(rows: Rows, tokenizer: Tokenizer, template: TrainingTemplate, options: { readonly maxLength: number }): Promise<EncodedRow[]> {
  return (await encodeConversations(rows, tokenizer, template, options)).rows;
}
