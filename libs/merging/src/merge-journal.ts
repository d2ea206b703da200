import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

const fileName = 'merge.journal';

/** A tensor that lies in its file, and XXH64 of its bytes. */
interface Entry {
  readonly tensor: string;
  readonly checksum: string;
}

/**
 * What an unfinished merge has written, a line for each tensor: whoever asks for the same merge again goes on from there. The first line says which
 * merge it was; the last line of one that was killed may be cut off.
 */
export class MergeJournal implements AsyncDisposable {
  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    /** Checksums of what an earlier attempt at the same merge wrote, by tensor. */
    readonly earlier: ReadonlyMap<string, bigint>,
  ) {}

  /** Opens the journal of a folder. One of another merge is begun anew; `earlier` is empty then. */
  static async open(folder: string, request: string): Promise<MergeJournal> {
    const path = join(folder, fileName);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const [first, ...lines] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => JSON.parse(line) as unknown);
    const same = (first as { request?: string } | undefined)?.request === request;
    const earlier = new Map(same ? (lines as Entry[]).map(({ tensor, checksum }) => [tensor, BigInt(`0x${checksum}`)]) : []);
    const handle = await open(path, same ? 'a' : 'w');
    const journal = new MergeJournal(path, handle, earlier);
    // What was cut off must not be continued in the same line.
    await handle.write(same ? (text.endsWith('\n') ? '' : '\n') : `${JSON.stringify({ request })}\n`);
    return journal;
  }

  async note(tensor: string, checksum: bigint): Promise<void> {
    await this.handle.write(`${JSON.stringify({ tensor, checksum: checksum.toString(16) } satisfies Entry)}\n`);
  }

  /** The merge is whole, or must begin anew. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close();
  }
}
