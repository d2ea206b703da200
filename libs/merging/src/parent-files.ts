import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { missingPages } from '@tunesmith/tensor';
import type { InputModel } from './input-model.js';
import { MergeError } from './merge-error.js';

interface FileState {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  /** SHA-256 of the header, which says where every tensor lies. */
  readonly header: string;
}

/** The weight files of the parents as they were when the merge began: a result of two states of a file would be neither. */
export class ParentFiles {
  private readonly missingBefore = missingPages();

  private constructor(private readonly states: readonly FileState[]) {}

  static async of(inputs: readonly InputModel[]): Promise<ParentFiles> {
    return new ParentFiles(await Promise.all(inputs.flatMap(({ weightFiles }) => weightFiles.map(stateOf))));
  }

  /** What tells the parents of one merge from those of another; the places of files are no part of it. */
  get identity(): readonly (readonly [size: number, modified: number, header: string])[] {
    return this.states.map(({ size, modified, header }) => [size, modified, header] as const);
  }

  /** @throws MergeError `merge-parent-changed` */
  async expectUnchanged(): Promise<void> {
    for (const before of this.states) {
      const after = await stateOf(before.path).catch(() => undefined);
      if (after && after.size === before.size && after.modified === before.modified && after.header === before.header) continue;
      throw new MergeError('merge-parent-changed', `merge: ${before.path} was ${after ? 'changed' : 'removed'} while it was being read, so that the result would be made of two states of it. Nothing of it is kept: run the merge again.`, { path: before.path });
    }
    if (missingPages() === this.missingBefore) return;
    const paths = this.states.map(({ path }) => path);
    throw new MergeError('merge-parent-changed', `merge: expected to read the parents to their ends; a part of ${paths.join(' or ')} could not be read any more. Nothing of the result is kept: look after the disk, and run the merge again.`, { paths });
  }
}

async function stateOf(path: string): Promise<FileState> {
  const { size, mtimeMs: modified } = await stat(path);
  await using file = await open(path, 'r');
  const { buffer: length } = await file.read(Buffer.alloc(8), 0, 8, 0);
  const bytes = Math.min(Number(length.readBigUInt64LE()), size - 8);
  const { buffer: header } = await file.read(Buffer.alloc(Math.max(bytes, 0)), 0, Math.max(bytes, 0), 8);
  return { path, size, modified, header: createHash('sha256').update(length).update(header).digest('hex') };
}
