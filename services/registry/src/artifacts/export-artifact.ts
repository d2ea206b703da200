import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import type { ArtifactManifest, ArtifactRef, ExportedArtifact } from '@tunesmith/contracts';
import type { ArtifactStore } from '@tunesmith/platform';
import { ConflictError, RefusedError } from '../errors.js';

/** Copies an artifact's files into a folder of this machine that does not exist or is empty. */
export async function exportArtifact(store: ArtifactStore, artifact: ArtifactRef, manifest: ArtifactManifest, folder: string): Promise<ExportedArtifact> {
  if (!isAbsolute(folder) || folder.includes('\0')) throw new RefusedError({ code: 'folder-invalid', message: `expected an absolute path of a folder; got ${JSON.stringify(folder)}` });
  if ((await entriesOf(folder)).length > 0) throw new ConflictError({ code: 'folder-not-empty', message: `expected a folder that does not exist or is empty; ${folder} holds something; give another`, facts: { folder } });
  try {
    await makeFolder(folder);
    await store.copyTo(artifact, folder);
  } catch (cause) {
    // Only what the file system refuses is the caller's: a damaged artifact is not.
    const { code, path } = cause as NodeJS.ErrnoException;
    if (code === undefined || path === undefined) throw cause;
    throw new RefusedError({ code: 'folder-not-writable', message: `expected a folder that the platform can write to; got ${folder}: ${(cause as Error).message}`, facts: { folder }, cause });
  }
  return { folder, files: manifest.files.length, size: artifact.size };
}

/** One part after the other: where a part cannot be made, as in /proc, Node's own recursive mkdir tries for ever. */
async function makeFolder(folder: string): Promise<void> {
  if (await stat(folder).then(() => true, () => false)) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new RefusedError({ code: 'folder-invalid', message: `expected a folder at ${folder}; ${(cause as Error).message}`, facts: { folder }, cause });
  }
}
