import type { Tokenizer } from '@tunesmith/tokenizers';
import { chatMessage } from './chat-message.js';
import { DatasetError } from './dataset-error.js';
import { expectConversation, naming, type Rows } from './encode-each.js';
import type { EncodedRow, TrainingTemplate } from './encode-rows.js';
import { RowFitter, type FitOptions, type LongRowCounts } from './fit-row.js';
import { parseLossScale } from './loss-scale/loss-scale.js';
import type { Message } from './row.js';

/** Both answers of every preference, the wanted one first; one example each. */
export interface FittedPairs {
  readonly pairs: (readonly [chosen: EncodedRow, rejected: EncodedRow])[];
  readonly longRows: LongRowCounts;
}

/**
 * Renders and tokenizes preferences: each as two conversations that differ in the last answer, which alone is marked in their masks.
 *
 * @throws DatasetError `not-a-preference` and as `encodeConversations`.
 */
export async function encodePreferences(rows: Rows, tokenizer: Tokenizer, template: TrainingTemplate, options: FitOptions): Promise<FittedPairs> {
  // Only what follows the last question: the answers before it are the same on both sides.
  const weighing = parseLossScale('last_round');
  const fitter = new RowFitter(options);
  const pairs: (readonly [EncodedRow, EncodedRow])[] = [];
  let index = 0;
  for await (const row of rows) {
    expectConversation(row, index);
    const { rejected } = row;
    if (rejected === undefined) {
      throw new DatasetError({
        message: `Row ${index + 1} has one answer; the objective dpo expects {"prompt":"…","chosen":"…","rejected":"…"}, or messages with a "rejected" answer beside them.`,
        code: 'not-a-preference',
        facts: { row: index + 1 },
      });
    }
    const encode = (answer: string): EncodedRow => {
      const messages: Message[] = [...row.messages.slice(0, -1), { role: 'assistant', content: answer }];
      return { ...naming(index, () => template.encodeForTraining(tokenizer, messages.map(chatMessage), weighing(messages), row.tools)), index };
    };
    const pair = [encode(row.messages.at(-1)!.content), encode(rejected)];
    for (const example of fitter.fit(pair)) pairs.push([example[0]!, example[1]!]);
    index += 1;
  }
  return { pairs, longRows: fitter.finish() };
}
