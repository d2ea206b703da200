import type { RawRecord } from './read-records.js';

const code = { newline: 0x0a, quote: 0x22, comma: 0x2c, openBracket: 0x5b, backslash: 0x5c, closeBracket: 0x5d, openBrace: 0x7b, closeBrace: 0x7d } as const;

/**
 * The elements of one big JSON array as bytes, found by following brackets and quotes only: each element is parsed by the
 * caller, so a broken one costs itself and not the file. `line` is where the element begins.
 */
export async function* arrayElements(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<RawRecord> {
  const element = new Collected(maxBytes);
  let line = 1;
  let depth = 0; // 1 is inside the big array
  let quoted = false;
  let escaped = false;
  let ended = false;
  let afterComma = false;

  const take = (closing: boolean): RawRecord | undefined => {
    const at = element.line || line;
    if (!element.started) {
      // `[]` and `[ ]` are empty arrays; a comma with nothing before it is a slip.
      if (closing && !afterComma) return undefined;
      return { line: at, problem: { code: 'invalid-json', message: 'expected a row before this comma or bracket; got nothing' } };
    }
    return element.take();
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index]!;
      if (byte === code.newline) line += 1;
      if (ended) {
        if (byte <= 0x20) continue;
        yield { line, problem: { code: 'invalid-json', message: 'expected the file to end after the array; got more' } };
        return;
      }
      if (depth === 0) {
        // The first character that is no space is the opening bracket: that is how this reader was chosen.
        if (byte === code.openBracket) {
          depth = 1;
          start = index + 1;
        }
        continue;
      }
      if (quoted) {
        if (escaped) escaped = false;
        else if (byte === code.backslash) escaped = true;
        else if (byte === code.quote) quoted = false;
        continue;
      }
      const separates = depth === 1 && (byte === code.comma || byte === code.closeBracket);
      if (separates) {
        element.add(chunk.subarray(start, index));
        start = index + 1;
        const record = take(byte === code.closeBracket);
        if (record) yield record;
        afterComma = byte === code.comma;
        ended = byte === code.closeBracket;
        continue;
      }
      if (byte > 0x20 && !element.started) {
        element.begin(line);
        start = index;
      }
      if (byte === code.quote) quoted = true;
      else if (byte === code.openBrace || byte === code.openBracket) depth += 1;
      else if (byte === code.closeBrace || byte === code.closeBracket) depth = Math.max(1, depth - 1);
    }
    if (!ended && depth > 0) element.add(chunk.subarray(start));
  }
  if (!ended) yield { line, problem: { code: 'invalid-json', message: 'the array does not end: expected "]"; the file may be cut off' } };
}

/** The bytes of one element, gathered over chunks; let go once they are too many. */
class Collected {
  line = 0;
  private pieces: Uint8Array[] = [];
  private length = 0;

  constructor(private readonly maxBytes: number) {}

  get started(): boolean {
    return this.line > 0;
  }

  begin(line: number): void {
    this.line = line;
    this.pieces = [];
    this.length = 0;
  }

  add(bytes: Uint8Array): void {
    if (!this.started) return;
    this.length += bytes.length;
    if (this.length <= this.maxBytes) this.pieces.push(bytes);
    else this.pieces = [];
  }

  take(): RawRecord {
    const { line, length } = this;
    const bytes = Buffer.concat(this.pieces);
    this.line = 0;
    this.pieces = [];
    if (length > this.maxBytes) return { line, problem: { code: 'too-long', message: `expected at most ${this.maxBytes} bytes in a row; got ${length}` } };
    return { line, bytes };
  }
}
