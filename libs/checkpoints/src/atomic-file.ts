import { randomUUID } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileWriteError } from './errors.js';
import { describeFailure, systemErrorCode } from './random-access-file.js';

/**
 * A file that appears whole or not at all: written beside its place under another name, synced, then renamed.
 * Every failure closes and removes the temporary file before it is thrown as FileWriteError.
 */
export class AtomicFile implements AsyncDisposable {
  private written = 0;
  private open = true;

  private constructor(
    readonly path: string,
    private readonly temporaryPath: string,
    private readonly handle: FileHandle,
  ) {}

  static async create(path: string, options: { temporaryPath?: string } = {}): Promise<AtomicFile> {
    const temporaryPath = options.temporaryPath ?? `${path}.${randomUUID()}.partial`;
    try {
      return new AtomicFile(path, temporaryPath, await open(temporaryPath, 'w'));
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Bytes written so far. */
  get position(): number {
    return this.written;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.orAbort(async () => {
      let done = 0;
      while (done < bytes.byteLength) {
        const { bytesWritten } = await this.handle.write(bytes, done, Math.min(bytes.byteLength - done, 1 << 30));
        done += bytesWritten;
      }
    });
    this.written += bytes.byteLength;
  }

  /** Syncs the bytes, gives the file its name, and syncs the folder, so that a crash leaves the old state or the new one. */
  async commit(): Promise<void> {
    await this.orAbort(async () => {
      await this.handle.sync();
      await this.handle.close();
      this.open = false;
      await rename(this.temporaryPath, this.path);
      await syncFolder(dirname(this.path));
    });
  }

  /** Removes what was written. Does nothing after a commit. */
  async abort(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.handle.close().catch(() => undefined);
    await rm(this.temporaryPath, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  private async orAbort(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      const wasOpen = this.open;
      await this.abort();
      if (!wasOpen) await rm(this.temporaryPath, { force: true });
      throw writeError(this.path, cause);
    }
  }
}

/** Writes a small file whole. */
export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await using file = await AtomicFile.create(path);
  await file.write(typeof content === 'string' ? new TextEncoder().encode(content) : content);
  await file.commit();
}

/** Turns a failed system call into the error that callers see. */
export function writeError(path: string, cause: unknown): FileWriteError {
  if (cause instanceof FileWriteError) return cause;
  const systemCode = systemErrorCode(cause) ?? '';
  if (systemCode === 'ENOSPC' || systemCode === 'EDQUOT') {
    return new FileWriteError({
      code: 'disk-full',
      message: `No space left to write ${path}; what was written of it has been removed. Free space, or choose a folder on another disk.`,
      facts: { path, systemCode },
      cause,
    });
  }
  return new FileWriteError({ code: 'file-write-failed', message: `Cannot write ${path}: ${describeFailure(cause)}.`, facts: { path, systemCode }, cause });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
