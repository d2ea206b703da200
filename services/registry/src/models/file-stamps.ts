import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What tells one state of a file's bytes from the next. */
export function stampOf({ size, mtimeNs, ino, dev }: Pick<BigIntStats, 'size' | 'mtimeNs' | 'ino' | 'dev'>): string {
  return [size, mtimeNs, ino, dev].join(' ');
}

/** What tells whether anything was written to a file, or to the files below a folder, by path. Links are followed; where there is nothing, nothing. */
export async function fileStamps(path: string): Promise<Map<string, string>> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (!found) return new Map();
  if (!found.isDirectory()) return new Map([[path, stampOf(found)]]);
  return new Map((await Promise.all((await readdir(path)).map(async (name) => [...(await fileStamps(join(path, name)))]))).flat());
}

/** The files whose stamps differ: written, added or removed. */
export function differingFiles(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
}
