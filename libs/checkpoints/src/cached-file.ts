import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

const keptMilliseconds = 30 * 24 * 60 * 60 * 1000;

/** Marks a file of a cache as used just now. -> whether it is there. */
export function markUsed(path: string): boolean {
  try {
    utimesSync(path, new Date(), new Date());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Removes the files of a cache that nobody has used for a month. Who has one open keeps it until it is closed. */
export function forgetUnused(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() && Date.now() - stats.mtimeMs > keptMilliseconds) rmSync(path, { force: true });
  }
}
