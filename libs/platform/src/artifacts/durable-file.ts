import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a file so that it is either there as a whole, also after a power cut, or not at all: a temporary file on the same
 * disk, synchronized, then renamed. `write` may choose the target by what it has written; undefined drops the file.
 */
export async function writeDurably(temporaryFolder: string, write: (path: string) => Promise<string | undefined>): Promise<void> {
  await mkdir(temporaryFolder, { recursive: true });
  const temporary = join(temporaryFolder, randomUUID());
  try {
    const target = await write(temporary);
    if (target === undefined) return;
    await synchronize(temporary);
    await mkdir(dirname(target), { recursive: true });
    await rename(temporary, target);
    await synchronize(dirname(target));
  } finally {
    await rm(temporary, { force: true });
  }
}

async function synchronize(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
