import { isObject } from '@tunesmith/datasets';
import { exactNumbers, Float } from '@tunesmith/tokenizers';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { parse as parseCsv } from 'csv-parse/sync';
import type { SchemaTree } from 'hyparquet';
import { EvaluationError } from '../evaluation-error.js';
import { unifyNumbers } from './columns-of-floats.js';

export type Document = Readonly<Record<string, unknown>>;

/**
 * The documents of a file, by its ending: .jsonl, .json (a list, one object with a list under `field`, or objects by their ids), .csv, .tsv,
 * .parquet, .txt (a document `text` for each line); each also with .gz. Every document has the fields of all, null where it lacks one. Floats stay floats: 5.0 is a `Float`.
 * @throws EvaluationError `documents-unreadable`, `documents-format-unknown`.
 */
export async function readDocuments(path: string, field?: string): Promise<Document[]> {
  const plain = path.replace(/\.gz$/, '');
  const kind = extname(plain).toLowerCase();
  try {
    if (kind === '.parquet') return completed(await readParquet(path));
    const read = readers[kind];
    if (!read) throw new EvaluationError({ message: `Expected documents as .jsonl, .json, .csv, .tsv, .parquet or .txt; got ${path}.`, code: 'documents-format-unknown', facts: { path } });
    const source = path === plain ? await readFile(path, 'utf8') : await readAll(createReadStream(path).pipe(createGunzip()));
    return completed(read(source.replace(/^\uFEFF/, ''), field));
  } catch (cause) {
    if (cause instanceof EvaluationError) throw cause;
    throw new EvaluationError({ message: `The documents in ${path} cannot be read: ${(cause as Error).message}.`, code: 'documents-unreadable', facts: { path }, cause });
  }
}

const readers: Readonly<Record<string, (source: string, field?: string) => unknown[]>> = {
  '.jsonl': readLines,
  '.json': readJson,
  '.csv': (source) => readTable(source, ','),
  '.tsv': (source) => readTable(source, '\t'),
  '.txt': (source) => source.replace(/\r?\n$/, '').split(/\r?\n/).map((text) => ({ text })),
};

function readLines(source: string): unknown[] {
  return source.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line, exactNumbers) as unknown];
    } catch (cause) {
      throw new Error(`line ${index + 1} is not JSON: ${(cause as Error).message}`, { cause });
    }
  });
}

function readJson(source: string, field?: string): unknown[] {
  // Some files called .json hold one object a line.
  if (field === undefined && /^\s*\{[^\n]*\}\s*\n\s*\{/.test(source)) return readLines(source);
  const whole: unknown = JSON.parse(source, exactNumbers);
  const value = field === undefined || !isObject(whole) ? whole : whole[field];
  // The datasets library reads a field as a table, in which a column of whole floats is one of whole numbers.
  if (Array.isArray(value)) return field === undefined ? value.map((each: unknown) => (typeof each === 'string' ? { text: each } : each)) : wholeColumns(value as unknown[]);
  if (isObject(value) && Object.values(value).every(isObject)) return Object.entries(value).map(([id, document]) => ({ id, ...(document as object) }));
  throw new Error(`expected a list of documents${field === undefined ? '' : ` under "${field}"`}`);
}

function wholeColumns(documents: readonly unknown[]): unknown[] {
  const fractional = new Set(documents.flatMap((document) => (isObject(document) ? Object.entries(document).filter(([, value]) => typeof value === 'number' && !Number.isInteger(value)).map(([key]) => key) : [])));
  return documents.map((document) => (isObject(document) ? Object.fromEntries(Object.entries(document).map(([key, value]) => [key, value instanceof Float && !fractional.has(key) ? value.value : value])) : document));
}

/** Columns of numbers become numbers, as readers of tables usually do: floats where one has a point or an exponent, and where some are missing. */
function readTable(source: string, delimiter: string): unknown[] {
  const rows = parseCsv(source, { columns: true, delimiter, skip_empty_lines: true, relax_column_count: false }) as Record<string, string>[];
  const columns = Object.keys(rows[0] ?? {});
  const typeOf = (column: string): ((cell: string) => unknown) => {
    const cells = rows.map((row) => row[column] ?? '').filter((cell) => cell !== '');
    if (cells.length > 0 && cells.every((cell) => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(cell))) return cells.length === rows.length && cells.every((cell) => /^[+-]?\d+$/.test(cell)) ? Number : (cell) => floatOf(Number(cell));
    if (cells.length > 0 && cells.every((cell) => /^(true|false)$/i.test(cell))) return (cell) => cell.toLowerCase() === 'true';
    return String;
  };
  const types = new Map(columns.map((column) => [column, typeOf(column)]));
  return rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] === '' ? null : types.get(column)!(row[column]!)])));
}

function floatOf(value: unknown): unknown {
  return typeof value === 'number' && Number.isInteger(value) ? new Float(value) : value;
}

async function readParquet(path: string): Promise<unknown[]> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const rows = await parquetReadObjects({ file, metadata, compressors });
  const schema = parquetSchema(metadata);
  return rows.map((row) => withFloats(schema, JSON.parse(JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)))));
}

/** The value with the numbers of columns of floats as such. */
function withFloats(column: SchemaTree, value: unknown): unknown {
  const { element, children } = column;
  if (children.length === 0) return element.type === 'DOUBLE' || element.type === 'FLOAT' ? (Array.isArray(value) ? value.map(floatOf) : floatOf(value)) : value;
  if (Array.isArray(value)) {
    const items = element.converted_type === 'LIST' ? (children[0]!.children[0] ?? children[0]!) : column;
    return value.map((item: unknown) => (items === column ? fieldsWithFloats(children, item) : withFloats(items, item)));
  }
  return fieldsWithFloats(children, value);
}

function fieldsWithFloats(columns: readonly SchemaTree[], value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => {
    const column = columns.find(({ element }) => element.name === key);
    return [key, column ? withFloats(column, item) : item];
  }));
}

function completed(documents: readonly unknown[]): Document[] {
  const fields = new Set<string>();
  documents.forEach((document, index) => {
    if (!isObject(document)) throw new Error(`document ${index + 1} is not an object with fields`);
    for (const field of Object.keys(document)) fields.add(field);
  });
  return unifyNumbers(documents as Document[]).map((document) => (Object.keys(document).length === fields.size ? document : Object.fromEntries([...fields].map((field) => [field, document[field] ?? null]))));
}
