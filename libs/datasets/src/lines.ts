import type { RawRecord } from './read-records.js';

const newline = 0x0a;
const carriageReturn = 0x0d;

/** The lines of a byte stream, without their ends. A line of more than `maxBytes` is skipped to its end and reported once. */
export async function* lines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<RawRecord> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let line = 1;
  const take = (): RawRecord | undefined => {
    const bytes = trimEnd(pending.length === 1 ? pending[0]! : Buffer.concat(pending));
    const length = pendingBytes;
    pending = [];
    pendingBytes = 0;
    if (length > maxBytes) return { line, problem: { code: 'too-long', message: `expected at most ${maxBytes} bytes in a row; got ${length}` } };
    return isBlank(bytes) ? undefined : { line, bytes };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      const record = take();
      if (record) yield record;
      line += 1;
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  const record = take();
  if (record) yield record;

  function keep(bytes: Uint8Array): void {
    pendingBytes += bytes.length;
    // The bytes of a line that is too long already are counted and let go.
    if (pendingBytes <= maxBytes) pending.push(bytes);
    else pending = [];
  }
}

function trimEnd(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === carriageReturn);
}
