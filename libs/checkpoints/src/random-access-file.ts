import { readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { FileReadError } from './errors.js';

const largestRead = 1 << 30;

/** A regular file read by position. Nothing is allocated for bytes that the file does not have. */
export class RandomAccessFile implements AsyncDisposable {
  private constructor(
    readonly path: string,
    /** Bytes, as they were when the file was opened. */
    readonly size: number,
    private readonly handle: FileHandle,
  ) {}

  static async open(path: string): Promise<RandomAccessFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'r');
    } catch (cause) {
      throw new FileReadError({ code: 'file-unreadable', message: `Cannot open ${path}: ${describeFailure(cause)}.`, facts: { path }, cause });
    }
    const status = await handle.stat();
    if (!status.isFile()) {
      await handle.close();
      throw new FileReadError({ code: 'file-not-regular', message: `Expected a file, but ${path} is not one.`, facts: { path } });
    }
    return new RandomAccessFile(path, status.size, handle);
  }

  /** Open until this file is closed. */
  get descriptor(): number {
    return this.handle.fd;
  }

  /** Exactly `length` bytes from `offset`, in a buffer of their own. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    this.checkRange(offset, length);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.handle.read(bytes, done, Math.min(length - done, largestRead), offset + done);
      if (bytesRead === 0) throw this.cutShort(offset, length);
      done += bytesRead;
    }
    return bytes;
  }

  /** As `read`, without leaving the caller: for parsing headers. */
  readNow(offset: number, length: number): Uint8Array {
    this.checkRange(offset, length);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const bytesRead = readSync(this.handle.fd, bytes, done, Math.min(length - done, largestRead), offset + done);
      if (bytesRead === 0) throw this.cutShort(offset, length);
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private checkRange(offset: number, length: number): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) throw this.cutShort(offset, length);
  }

  private cutShort(offset: number, length: number): FileReadError {
    return new FileReadError({
      code: 'file-truncated',
      message: `${this.path} ends too early: bytes ${offset} to ${offset + length} were expected, the file had ${this.size} when it was opened. Fetch or write it again.`,
      facts: { path: this.path, offset, length, size: this.size },
    });
  }
}

/** The system's own short words for a failed call. */
export function describeFailure(cause: unknown): string {
  const code = systemErrorCode(cause);
  if (code === 'ENOENT') return 'no such file or folder';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : String(cause);
}

/** `ENOENT` and the like. Asked by shape, not by class: an error may come from another realm. */
export function systemErrorCode(cause: unknown): string | undefined {
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
