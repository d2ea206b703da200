import { GgufError } from './errors.js';
import type { RandomAccessFile } from './random-access-file.js';

const windowBytes = 1 << 20;

/** Reads a GGUF header front to back through a window, and refuses every length that the file cannot hold before allocating for it. */
export class GgufCursor {
  private window: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  private windowStart = 0;
  private at = 0;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(private readonly file: RandomAccessFile) {}

  /** Bytes from the start of the file. */
  get position(): number {
    return this.windowStart + this.at;
  }

  get remaining(): number {
    return this.file.size - this.position;
  }

  fail(code: string, detail: string, facts: Record<string, unknown> = {}): never {
    throw new GgufError({ code, message: `${this.file.path}: ${detail}`, facts: { path: this.file.path, position: this.position, ...facts } });
  }

  uint8(what: string): number {
    return this.view.getUint8(this.take(1, what));
  }

  uint32(what: string): number {
    const at = this.take(4, what);
    return this.view.getUint32(at, true);
  }

  /** An unsigned 64-bit integer; also what negative counts look like. */
  uint64(what: string): bigint {
    const at = this.take(8, what);
    return this.view.getBigUint64(at, true);
  }

  int64(what: string): bigint {
    const at = this.take(8, what);
    return this.view.getBigInt64(at, true);
  }

  /** A count of things that take at least `smallest` bytes each, so that a lie is noticed before room is made for them. */
  count(what: string, smallest: number, limit: number): number {
    const count = this.uint64(what);
    if (count > BigInt(limit) || count * BigInt(smallest) > BigInt(this.remaining)) {
      this.fail('gguf-count-too-large', `${what} is ${count}, more than the ${this.remaining} bytes that follow (or the limit of ${limit}) allow. The file is cut short or damaged: fetch it again.`, {
        what,
        count: String(count),
        remaining: this.remaining,
        limit,
      });
    }
    return Number(count);
  }

  string(what: string, limit: number): string {
    const length = this.count(`the length of ${what}`, 1, limit);
    const start = this.take(length, what);
    try {
      return this.decoder.decode(this.window.subarray(start, start + length));
    } catch {
      return this.fail('gguf-bad-text', `${what} is not UTF-8 text.`, { what });
    }
  }

  /** A copy, aligned for any typed array. */
  bytes(length: number, what: string): Uint8Array {
    const start = this.take(length, what);
    return this.window.slice(start, start + length);
  }

  /** Makes `length` bytes available and steps over them; returns where they begin in the window. */
  private take(length: number, what: string): number {
    if (length > this.remaining) {
      this.fail('gguf-truncated', `the file ends inside ${what}: ${length} bytes are needed, ${this.remaining} remain. Fetch it again.`, { what, needed: length });
    }
    if (this.at + length > this.window.byteLength) {
      this.windowStart = this.position;
      this.at = 0;
      this.window = this.file.readNow(this.windowStart, Math.min(Math.max(length, windowBytes), this.file.size - this.windowStart));
      this.view = new DataView(this.window.buffer, this.window.byteOffset, this.window.byteLength);
    }
    const start = this.at;
    this.at += length;
    return start;
  }
}
