import { randomUUID } from 'node:crypto';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../terminal/format.js';

/** Why files in a folder cannot be filled, for a person, and what to do about it. */
export interface Unwritable {
  readonly reason: string;
  readonly attempts: readonly string[];
}

/** Less does not start a platform. */
const probeBytes = 2 ** 20;

/** Undefined where the folder takes a file of a megabyte. Only filling one tells: on a full disk files can still be made, and whoever says why in one says nothing. */
export async function whyNotWritable(folder: string): Promise<Unwritable | undefined> {
  const probe = join(folder, `.room-${randomUUID()}`);
  try {
    await writeFile(probe, new Uint8Array(probeBytes), { flush: true });
    return undefined;
  } catch (error) {
    return explain(folder, error as NodeJS.ErrnoException);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

async function explain(folder: string, { code, message }: NodeJS.ErrnoException): Promise<Unwritable> {
  const elsewhere = 'export TUNESMITH_HOME=FOLDER-ON-A-LARGER-DISK';
  if (code === 'ENOSPC') {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { reason: `the disk of ${folder} is full: ${formatBytes(bavail * bsize)} of ${formatBytes(blocks * bsize)} free`, attempts: [`free some: du -sh ${folder}/* | sort -h`, elsewhere] };
  }
  if (code === 'EDQUOT') return { reason: `your quota of the disk of ${folder} is used up`, attempts: [`free some: du -sh ${folder}/* | sort -h`, elsewhere] };
  if (code === 'EFBIG') return { reason: `files in ${folder} may not grow: this shell limits their size`, attempts: ['ulimit -f unlimited'] };
  return { reason: `${folder} cannot be written: ${message}`, attempts: [elsewhere] };
}
