import { arrayElements } from './array-elements.js';
import { lines } from './lines.js';
import type { Problem } from './problem.js';

/** A piece of a file that should hold one row: its text, or why it has none. */
export type RawRecord = { readonly line: number; readonly bytes: Uint8Array } | { readonly line: number; readonly problem: Omit<Problem, 'line'> };

export type TextRecord = { readonly line: number; readonly text: string } | Problem;

export interface ReadRecordsOptions {
  /** A longer row is reported, not read. */
  readonly maxRowBytes: number;
}

/**
 * Reads a JSON lines file or a JSON array, whichever the first character tells, piece by piece: never more than one row
 * and one chunk of the file is in memory. Lines may end in CR LF; lines of spaces only are skipped.
 */
export async function* readRecords(chunks: AsyncIterable<Uint8Array>, options: ReadRecordsOptions): AsyncGenerator<TextRecord> {
  const { mark, first, rest } = await withoutByteOrderMark(chunks[Symbol.asyncIterator]());
  if (mark) yield { line: 1, code: 'byte-order-mark', message: mark.message };
  if (mark?.unreadable) return;
  const opening = firstCharacter(first);
  const records = opening === '[' ? arrayElements(prepend(first, rest), options.maxRowBytes) : lines(prepend(first, rest), options.maxRowBytes);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for await (const record of records) {
    if ('problem' in record) {
      yield { line: record.line, ...record.problem };
      continue;
    }
    // What stands on the line of a byte order mark is read all the same: the mark is what is wrong, not the row.
    try {
      yield { line: record.line, text: decoder.decode(record.bytes) };
    } catch {
      yield { line: record.line, code: 'invalid-utf8', message: `expected UTF-8; got other bytes near "${aroundInvalid(record.bytes)}"; save the file as UTF-8` };
    }
  }
}

interface Start {
  readonly mark?: { readonly message: string; readonly unreadable: boolean };
  readonly first: Uint8Array;
  readonly rest: AsyncIterable<Uint8Array>;
}

async function withoutByteOrderMark(chunks: AsyncIterator<Uint8Array>): Promise<Start> {
  const { value, done } = await chunks.next();
  const first = done ? new Uint8Array() : value;
  const rest = { [Symbol.asyncIterator]: () => chunks };
  const starts = (...bytes: number[]): boolean => bytes.every((byte, index) => first[index] === byte);
  if (starts(0xef, 0xbb, 0xbf)) {
    const mark = { message: 'starts with a byte order mark (EF BB BF); save the file as UTF-8 without one', unreadable: false };
    return { mark, first: first.subarray(3), rest };
  }
  if (starts(0xff, 0xfe) || starts(0xfe, 0xff)) {
    await chunks.return?.();
    return { mark: { message: 'the file is UTF-16, by its byte order mark; convert it with: iconv -f UTF-16 -t UTF-8', unreadable: true }, first, rest };
  }
  return { first, rest };
}

async function* prepend(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

function firstCharacter(bytes: Uint8Array): string {
  const index = bytes.findIndex((byte) => byte > 0x20);
  return index < 0 ? '' : String.fromCharCode(bytes[index]!);
}

/** The text around the first byte that is not UTF-8, with a mark in its place. */
function aroundInvalid(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  const place = text.indexOf('\ufffd');
  return text.slice(Math.max(0, place - 20), place + 10);
}
