import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { DatasetError } from './dataset-error.js';
import { rowsFile } from './dataset-files.js';
import { parseRow } from './parse-row.js';
import { readRecords } from './read-records.js';
import type { Row, Split } from './row.js';

export interface ReadRowsOptions {
  readonly split?: Split;
  readonly tag?: string;
  readonly signal?: AbortSignal;
}

/**
 * The rows of a dataset folder in their order, those of one split and tag where asked. They were checked when the folder
 * was written; they are checked again, so that a file edited since then fails here and not in the middle of training.
 *
 * @throws DatasetError `dataset-corrupt` with the line.
 */
export function readRows(folder: string, options: ReadRowsOptions = {}): AsyncGenerator<Row> {
  return readRowsFile(join(folder, rowsFile), options);
}

/** As `readRows`, of a file of canonical rows wherever it lies. */
export async function* readRowsFile(path: string, { split, tag, signal = new AbortController().signal }: ReadRowsOptions = {}): AsyncGenerator<Row> {
  const fail = (line: number, reason: string): never => {
    throw new DatasetError({ message: `${path}:${line}: expected a canonical row: ${reason}. Import the dataset again.`, code: 'dataset-corrupt', facts: { path, line } });
  };
  for await (const record of readRecords(createReadStream(path, { highWaterMark: 1 << 20, signal }), { maxRowBytes: Infinity })) {
    if ('code' in record) return fail(record.line, record.message);
    let value: unknown;
    try {
      value = JSON.parse(record.text);
    } catch {
      return fail(record.line, 'not valid JSON');
    }
    const parsed = parseRow(value, (_code, message) => fail(record.line, message));
    const row = parsed?.row;
    if (!row?.split) return fail(record.line, 'no split');
    if ((split === undefined || row.split === split) && (tag === undefined || row.tags.includes(tag))) yield { ...row, split: row.split };
  }
}

/** All rows at once. */
export async function collectRows(folder: string, options: ReadRowsOptions = {}): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows(folder, options)) rows.push(row);
  return rows;
}
