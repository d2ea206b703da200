import type { Problem } from '../problem.js';
import { readRecords } from '../read-records.js';
import { ExpansionLimit } from './expansion-limit.js';
import { fileKind } from './file-kind.js';
import { readCsv } from './read-csv.js';
import { readParquet } from './read-parquet.js';
import type { SourceFile } from './source-file.js';
import { unpack } from './unpack.js';

/** One row of a file, as JSON. `line`: where it stands, by lines in files of text and by rows in Parquet, from 1. */
export type ValueRecord = { readonly line: number; readonly value: unknown } | Problem;

export interface ReadValuesOptions {
  readonly maxRowBytes: number;
  readonly signal: AbortSignal;
}

/**
 * The rows of one file in whatever format its name tells, one after the other. What is wrong with a row comes in its place.
 *
 * @throws DatasetError `source-damaged` where the file as a whole cannot be read.
 */
export async function* readValues(file: SourceFile, { maxRowBytes, signal }: ReadValuesOptions): AsyncGenerator<ValueRecord> {
  const { format, compression } = fileKind(file.name) ?? { format: 'jsonl' };
  // Inside an archive its own limit holds.
  const plain = unpack(file.bytes(), compression, file.name, new ExpansionLimit(file.size ?? Infinity, file.name));
  if (format === 'csv') yield* readCsv(plain, file.name, maxRowBytes);
  else if (format === 'parquet') yield* readParquet(plain, compression ? { name: file.name } : file, signal);
  else {
    for await (const record of readRecords(plain, { maxRowBytes })) yield 'code' in record ? record : parse(record);
  }
}

function parse({ line, text }: { readonly line: number; readonly text: string }): ValueRecord {
  try {
    return { line, value: JSON.parse(text) as unknown };
  } catch (cause) {
    return { line, code: 'invalid-json', message: `not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
}
