import { access, chmod, copyFile, link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../errors/code-of.js';
import { artifactMissing } from './artifact-error.js';
import type { BlobStore } from './blob-store.js';
import { writeDurably } from './durable-file.js';
import { hashFile } from './hash-file.js';

/** Blobs as files: `blobs/sha256/ab/abcd…`, `manifests/sha256/ab/abcd….json`. */
export class FileBlobStore implements BlobStore {
  readonly description: string;
  private readonly temporary: string;

  constructor(private readonly folder: string) {
    this.description = `the folder ${folder}`;
    this.temporary = join(folder, 'incoming');
  }

  hasBlob(digest: string): Promise<boolean> {
    return exists(this.blobPath(digest));
  }

  async putFile(path: string, signal?: AbortSignal): Promise<{ digest: string; size: number }> {
    let stored = { digest: '', size: 0 };
    await writeDurably(this.temporary, async (temporary) => {
      stored = await hashFile(path, { target: temporary, signal });
      if (await this.hasBlob(stored.digest)) return undefined;
      await chmod(temporary, 0o444);
      return this.blobPath(stored.digest);
    });
    return stored;
  }

  async materialize(digest: string, target: string, signal?: AbortSignal): Promise<string> {
    const source = this.blobPath(digest);
    try {
      await link(source, target);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw artifactMissing(digest, this.description);
      // Another disk, or a file system without hard links.
      if (codeOf(error) !== 'EXDEV' && codeOf(error) !== 'EPERM' && codeOf(error) !== 'EMLINK' && codeOf(error) !== 'ENOTSUP') throw error;
      await copyFile(source, target);
    }
    return (await hashFile(target, { signal })).digest;
  }

  async readBlob(digest: string): Promise<Uint8Array> {
    const bytes = await readIfThere(this.blobPath(digest));
    if (!bytes) throw artifactMissing(digest, this.description);
    return bytes;
  }

  async putManifest(digest: string, bytes: Uint8Array): Promise<void> {
    await writeDurably(this.temporary, async (temporary) => {
      const target = this.manifestPath(digest);
      if (await exists(target)) return undefined;
      await writeFile(temporary, bytes, { mode: 0o444 });
      return target;
    });
  }

  readManifest(digest: string): Promise<Uint8Array | undefined> {
    return readIfThere(this.manifestPath(digest));
  }

  /** That the folder can be written. */
  async probe(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeDurably(this.temporary, async (temporary) => {
      await writeFile(temporary, 'probe');
      return undefined;
    });
  }

  private blobPath(digest: string): string {
    const hex = hexOf(digest);
    return join(this.folder, 'blobs', 'sha256', hex.slice(0, 2), hex);
  }

  private manifestPath(digest: string): string {
    const hex = hexOf(digest);
    return join(this.folder, 'manifests', 'sha256', hex.slice(0, 2), `${hex}.json`);
  }
}

function hexOf(digest: string): string {
  const match = /^sha256:([0-9a-f]{64})$/.exec(digest);
  if (!match) throw artifactMissing(digest, 'any store: it is not a digest');
  return match[1]!;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
