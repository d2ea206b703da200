import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

const fileName = 'merge.journal';
/** Of the lines: raised with every change to them. */
const form = 2;

/** Bytes that were written at once, and their XXH64. */
export interface WrittenPart {
  readonly byteLength: number;
  readonly checksum: bigint;
}

/** A tensor that lies in its file, and the parts that it was written in, from the first. */
interface Entry {
  readonly tensor: string;
  readonly parts: readonly (readonly [byteLength: number, checksum: string])[];
}

/**
 * What an unfinished merge has written, a line for each tensor: whoever asks for the same merge again goes on from there. The first line says which
 * merge it was; the last line of one that was killed may be cut off.
 */
export class MergeJournal implements AsyncDisposable {
  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    /** What an earlier attempt at the same merge wrote, by tensor. */
    readonly earlier: ReadonlyMap<string, readonly WrittenPart[]>,
  ) {}

  /** Opens the journal of a folder. One of another merge is begun anew; `earlier` is empty then. */
  static async open(folder: string, request: string): Promise<MergeJournal> {
    const path = join(folder, fileName);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const head = `${JSON.stringify({ form, request })}\n`;
    const same = text.startsWith(head);
    const lines = same ? text.slice(head.length, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean) : [];
    const entries = lines.map((line) => JSON.parse(line) as Entry);
    const earlier = new Map(entries.map(({ tensor, parts }) => [tensor, parts.map(([byteLength, checksum]) => ({ byteLength, checksum: BigInt(`0x${checksum}`) }))]));
    const handle = await open(path, same ? 'a' : 'w');
    const journal = new MergeJournal(path, handle, earlier);
    // What was cut off must not be continued in the same line.
    await handle.write(same ? (text.endsWith('\n') ? '' : '\n') : head);
    return journal;
  }

  async note(tensor: string, parts: readonly WrittenPart[]): Promise<void> {
    await this.handle.write(`${JSON.stringify({ tensor, parts: parts.map(({ byteLength, checksum }) => [byteLength, checksum.toString(16)] as const) } satisfies Entry)}\n`);
  }

  /** The merge is whole, or must begin anew. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close();
  }
}
