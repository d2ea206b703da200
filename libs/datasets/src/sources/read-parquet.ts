import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { DatasetError } from '../dataset-error.js';
import { messageOf } from './error-facts.js';
import type { ValueRecord } from './read-values.js';

/** Unpacked bytes of rows that are held at once. */
const pieceBytes = 32 << 20;

/**
 * Rows of a Parquet file, some thousands at a time. Nulls are absent values. The format is read from its end, so bytes that come from an archive or
 * are packed once more go to a temporary file first.
 *
 * @throws DatasetError `source-damaged`.
 */
export async function* readParquet(bytes: AsyncIterable<Uint8Array>, { name, path }: { readonly name: string; readonly path?: string }, signal: AbortSignal): AsyncGenerator<ValueRecord> {
  const folder = path === undefined ? await mkdtemp(join(tmpdir(), 'tunesmith-parquet-')) : undefined;
  try {
    const place = folder === undefined ? path! : join(folder, 'rows.parquet');
    if (folder !== undefined) await pipeline(bytes, createWriteStream(place));
    await using handle = await open(place);
    const file: AsyncBuffer = { byteLength: (await handle.stat()).size, slice: (start, end) => readSlice(handle, start, end) };
    const sound = <T>(work: Promise<T>): Promise<T> =>
      work.catch((cause: unknown) => {
        throw new DatasetError({ message: `${name}: expected a whole Parquet file; got what cannot be read (${messageOf(cause)})`, code: 'source-damaged', facts: { name }, cause });
      });
    const metadata = await sound(parquetMetadataAsync(file));
    let first = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      const most = Math.max(64, Math.floor((rows * pieceBytes) / Math.max(1, Number(group.total_byte_size))));
      for (let start = 0; start < rows; start += most) {
        signal.throwIfAborted();
        const rowStart = first + start;
        const read = await sound(parquetReadObjects({ file, metadata, rowStart, rowEnd: Math.min(first + rows, rowStart + most), compressors, useOffsetIndex: true }));
        for (const [index, row] of read.entries()) yield { line: rowStart + index + 1, value: fromCell(row) };
      }
      first += rows;
    }
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true });
  }
}

async function readSlice(handle: FileHandle, start: number, end?: number): Promise<ArrayBuffer> {
  const length = (end ?? (await handle.stat()).size) - start;
  const buffer = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, start + done);
    if (bytesRead === 0) throw new Error('the file is shorter than it says');
    done += bytesRead;
  }
  return buffer.buffer;
}

/** Columns hold a value for each row, null where a row has none; JSON rows leave it out. */
function fromCell(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(fromCell);
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null && each !== undefined).map(([key, each]) => [key, fromCell(each)]));
}
