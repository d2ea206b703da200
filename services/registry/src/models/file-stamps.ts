import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What tells whether anything was written to a file, or to the files below a folder, by path. Links are followed; where there is nothing, nothing. */
export async function fileStamps(path: string): Promise<Map<string, string>> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (!found) return new Map();
  if (!found.isDirectory()) return new Map([[path, [found.size, found.mtimeNs, found.ino, found.dev].join(' ')]]);
  return new Map((await Promise.all((await readdir(path)).map(async (name) => [...(await fileStamps(join(path, name)))]))).flat());
}

/** The files whose stamps differ: written, added or removed. */
export function differingFiles(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
}
