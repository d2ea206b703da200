import { ArtifactManifest } from '@tunesmith/contracts';
import { randomUUID } from 'node:crypto';
import { access, chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../errors/code-of.js';
import { digestMismatch, explainDisk } from './artifact-error.js';
import type { BlobStore } from './blob-store.js';

interface Staging {
  readonly folder: Promise<string>;
  readonly cancel: AbortController;
  waiting: number;
}

/**
 * Read-only folders by the digest of their manifest. A folder appears under its name only when every file has arrived and
 * was found to have its digest; so one that is there need not be checked again.
 */
export class FolderCache {
  private readonly stagings = new Map<string, Staging>();

  constructor(private readonly folder: string, private readonly blobs: BlobStore) {}

  /** The folder of an artifact; several callers share one staging, which is given up when all of them are aborted. */
  async folderOf(digest: string, manifest: () => Promise<ArtifactManifest>, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const target = join(this.folder, digest.replace(':', '-'));
    if (await access(target).then(() => true, () => false)) return target;
    let staging = this.stagings.get(digest);
    if (!staging) {
      const cancel = new AbortController();
      staging = { folder: this.fill(target, manifest, cancel.signal), cancel, waiting: 0 };
      staging.folder.catch(() => undefined); // Whoever still waits gets it.
      this.stagings.set(digest, staging);
    }
    staging.waiting += 1;
    try {
      return await untilAborted(staging.folder, signal);
    } finally {
      staging.waiting -= 1;
      if (staging.waiting === 0) {
        staging.cancel.abort(signal?.reason);
        // Who comes next begins anew instead of joining one that is given up.
        if (this.stagings.get(digest) === staging) this.stagings.delete(digest);
      }
    }
  }

  private async fill(target: string, manifest: () => Promise<ArtifactManifest>, signal: AbortSignal): Promise<string> {
    const temporary = join(this.folder, `.incoming-${randomUUID()}`);
    try {
      const { files } = await manifest();
      await mkdir(temporary, { recursive: true });
      for (const file of files) {
        signal.throwIfAborted();
        const path = join(temporary, file.path);
        await mkdir(dirname(path), { recursive: true });
        const arrived = await this.blobs.materialize(file.digest, path, signal);
        await chmod(path, 0o444);
        if (arrived !== file.digest) throw digestMismatch(`the file ${file.path} from ${this.blobs.description}`, file.digest, arrived);
      }
      await setFolderModes(temporary, 0o555);
      await chmod(temporary, 0o755); // A folder without write permission cannot be renamed everywhere.
      await rename(temporary, target).catch((error: unknown) => {
        // Another process was faster; its folder is as good.
        if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
      });
      await chmod(target, 0o555);
      return target;
    } catch (error) {
      throw explainDisk(error, 'a copy of an artifact');
    } finally {
      await setFolderModes(temporary, 0o755).catch(() => undefined);
      await rm(temporary, { recursive: true, force: true });
    }
  }
}

async function setFolderModes(folder: string, mode: number): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) if (entry.isDirectory()) await setFolderModes(join(folder, entry.name), mode);
  await chmod(folder, mode);
}

function untilAborted<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
