import { watchTemplates } from '@tunesmith/tokenizers';
import { DatasetError } from './dataset-error.js';
import type { EncodedRow, FittedRows } from './encode-rows.js';
import { RowFitter, type FitOptions } from './fit-row.js';
import { placeholdersIn } from './placeholders.js';
import type { Row } from './row.js';

export type Rows = Iterable<Row> | AsyncIterable<Row>;

/** Rows that are encoded under one watchdog. */
const batchRows = 32;

/** Encodes rows one by one, and makes them fit. `encode` is told how many rows came before. */
export async function fitRows(rows: Rows, options: FitOptions, encode: (row: Row, index: number) => Omit<EncodedRow, 'index'>): Promise<FittedRows> {
  const fitter = new RowFitter(options);
  const fitted: EncodedRow[] = [];
  for await (const { first, batch } of batches(rows)) {
    const encoded = watchTemplates(batch.length, () =>
      batch.map((row, place) => {
        refusePlaceholders(row, first + place);
        return encode(row, first + place);
      }),
    );
    for (const [place, each] of encoded.entries()) for (const example of fitter.fit([{ ...each, index: first + place }])) fitted.push(...example);
  }
  return { rows: fitted, longRows: fitter.finish() };
}

async function* batches(rows: Rows): AsyncGenerator<{ readonly first: number; readonly batch: readonly Row[] }> {
  let first = 0;
  let batch: Row[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < batchRows) continue;
    yield { first, batch };
    first += batch.length;
    batch = [];
  }
  if (batch.length > 0) yield { first, batch };
}

/** Throws DatasetError where a row is not a whole conversation. */
export function expectConversation(row: Row, index: number): void {
  if (row.text !== undefined) {
    throw new DatasetError({
      message: `Row ${index + 1} is plain text ({"text":"…"}); expected a conversation ({"messages":[…]}). Use the objective pretrain for plain text.`,
      code: 'not-a-conversation',
      facts: { row: index + 1 },
    });
  }
  if (row.answerWith) {
    throw new DatasetError({
      message: `Row ${index + 1} waits for the model's own answer ("answerWith":"self"). Run a synthesize step (self-replay) over the dataset first.`,
      code: 'row-waits-for-answer',
      facts: { row: index + 1 },
    });
  }
  refusePlaceholders(row, index);
}

function refusePlaceholders(row: Row, index: number): void {
  const names = [...placeholdersIn({ messages: row.messages, ...(row.rejected === undefined ? {} : { rejected: row.rejected }), ...(row.text === undefined ? {} : { text: row.text }) })];
  if (names.length === 0) return;
  throw new DatasetError({
    message: `Row ${index + 1} still holds ${names.map((name) => `{{${name}}}`).join(', ')}. Give the values as placeholders of a synthesize step.`,
    code: 'placeholder-without-value',
    facts: { row: index + 1, missing: names },
  });
}

/** Says which row it was in whatever the template or the tokenizer finds wrong. */
export function naming<T>(index: number, encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (error instanceof Error && !error.message.startsWith('Row ')) error.message = `Row ${index + 1}: ${error.message}`;
    throw error;
  }
}
