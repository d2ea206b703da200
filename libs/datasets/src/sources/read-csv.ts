import { CsvError, parse, type Info } from 'csv-parse';
import { DatasetError } from '../dataset-error.js';
import { codeOf } from './error-facts.js';
import type { ValueRecord } from './read-values.js';
import { through } from './unpack.js';

/** Columns that may hold lists, which a table can only write as JSON text. */
const jsonColumns = ['messages', 'conversations', 'history', 'tools', 'tags', 'prompt', 'chosen', 'rejected'];

/**
 * Rows of a table with a header line (RFC 4180: commas, quotes doubled inside quotes). An empty cell is an absent value; lists of messages, tools and
 * tags stand in their cells as JSON.
 *
 * @throws DatasetError `source-damaged` where it is no UTF-8 or has no sound header.
 */
export async function* readCsv(bytes: AsyncIterable<Uint8Array>, name: string, maxRowBytes: number): AsyncGenerator<ValueRecord> {
  const skipped: ValueRecord[] = [];
  const parser = parse({
    bom: true,
    columns: (header: string[]) => checkHeader(header.map((column) => column.trim()), name),
    info: true,
    max_record_size: maxRowBytes,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error) skipped.push({ line: Number(error['lines'] ?? 0), code: error.code === 'CSV_MAX_RECORD_SIZE' ? 'too-long' : 'invalid-csv', message: `not a row of the table: ${error.message}` });
      return undefined;
    },
  });
  try {
    for await (const { record, info } of through<{ record: Record<string, string>; info: Info }>(checkEncoding(bytes, name), parser)) {
      yield* skipped.splice(0);
      yield { line: info.lines, value: fromCells(record) };
    }
    yield* skipped;
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw damaged(name, `a table that can be read to its end; ${cause.message}`, cause);
  }
}

function fromCells(record: Readonly<Record<string, string>>): Record<string, unknown> {
  const filled = Object.entries(record).filter(([, cell]) => cell !== '');
  return Object.fromEntries(filled.map(([column, cell]) => [column, jsonColumns.includes(column) ? (asList(cell) ?? cell) : cell]));
}

/** The list that a cell holds; undefined where it is text, though it may begin with a bracket. */
function asList(cell: string): unknown[] | undefined {
  if (!cell.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(cell);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function checkHeader(columns: string[], name: string): string[] {
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (columns.includes('') || twice !== undefined) throw damaged(name, `a header line that names every column once; ${twice ? `it names "${twice}" twice` : 'a name is empty (a table of pandas is written without its row numbers by index=False)'}`);
  const [only] = columns.length === 1 ? columns : [];
  const mark = only === undefined ? undefined : [';', '\t', '|'].find((each) => only.includes(each));
  if (mark !== undefined) throw damaged(name, `commas between columns; its header ${JSON.stringify(only)} has ${mark === '\t' ? 'tabs' : mark}. Save the table with commas`);
  return columns;
}

/** The parser itself would put marks in the place of wrong bytes. */
async function* checkEncoding(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of bytes) {
      decoder.decode(chunk, { stream: true });
      yield chunk;
    }
    decoder.decode();
  } catch (cause) {
    if (codeOf(cause) !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw cause;
    throw damaged(name, 'UTF-8; got other bytes. Save the table as UTF-8', cause);
  }
}

function damaged(name: string, reason: string, cause?: unknown): DatasetError {
  return new DatasetError({ message: `${name}: expected ${reason}.`, code: 'source-damaged', facts: { name }, cause });
}
