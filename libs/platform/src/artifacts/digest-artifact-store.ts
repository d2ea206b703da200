import type { ArtifactKind, ArtifactManifest, ArtifactRef } from '@tunesmith/contracts';
import { chmod, copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ArtifactError, artifactMissing, digestMismatch, explainDisk } from './artifact-error.js';
import { ArtifactStore, type StagedArtifacts } from './artifact-store.js';
import type { BlobStore } from './blob-store.js';
import { readManifest, refOfManifest, sealManifest, sha256 } from './canonical-manifest.js';
import { FolderCache } from './folder-cache.js';

/** The artifact store over any blob store, with a cache of staged folders on this machine. */
export class DigestArtifactStore extends ArtifactStore {
  private readonly cache: FolderCache;

  constructor(private readonly blobs: BlobStore, cacheFolder: string) {
    super();
    this.cache = new FolderCache(cacheFolder, blobs);
  }

  override async stage<Name extends string>(refs: Readonly<Record<Name, ArtifactRef>>, signal?: AbortSignal): Promise<StagedArtifacts<Name>> {
    const folders: Record<string, string> = {};
    for (const [name, ref] of Object.entries<ArtifactRef>(refs)) {
      folders[name] = await this.cache.folderOf(ref.digest, () => this.manifest(ref.digest), signal);
    }
    return Object.assign(folders as Record<Name, string>, { [Symbol.asyncDispose]: () => Promise.resolve() });
  }

  override async store(folder: string, kind: ArtifactKind, signal?: AbortSignal): Promise<ArtifactRef> {
    try {
      const files: ArtifactManifest['files'] = [];
      for (const path of await filesOf(folder)) {
        signal?.throwIfAborted();
        files.push({ path: path.split(sep).join('/'), ...(await this.blobs.putFile(join(folder, path), signal)) });
      }
      if (files.length === 0) throw new ArtifactError({ code: 'empty-artifact', message: `Expected files in ${folder} to store as ${kind}; there are none.` });
      const { bytes, ref } = sealManifest(kind, files);
      await this.blobs.putManifest(ref.digest, bytes);
      return ref;
    } catch (error) {
      throw explainDisk(error, `the ${kind} in ${folder}`);
    }
  }

  override async has(digest: string): Promise<boolean> {
    return (await this.blobs.readManifest(digest)) !== undefined;
  }

  override async manifest(digest: string): Promise<ArtifactManifest> {
    const bytes = await this.blobs.readManifest(digest);
    if (!bytes) throw artifactMissing(digest, this.blobs.description);
    const actual = sha256(bytes);
    if (actual !== digest) throw digestMismatch(`the manifest from ${this.blobs.description}`, digest, actual);
    return readManifest(bytes, digest);
  }

  override async refOf(digest: string): Promise<ArtifactRef> {
    return refOfManifest(digest, await this.manifest(digest));
  }

  override async readFile(ref: ArtifactRef, path: string): Promise<Uint8Array> {
    const { files } = await this.manifest(ref.digest);
    const file = files.find((each) => each.path === path);
    if (!file) throw new ArtifactError({ code: 'file-missing', message: `Expected the artifact ${ref.digest} to have a file ${path}; it has ${files.map((each) => each.path).join(', ')}.` });
    const bytes = await this.blobs.readBlob(file.digest);
    const actual = sha256(bytes);
    if (actual !== file.digest) throw digestMismatch(`the file ${path} from ${this.blobs.description}`, file.digest, actual);
    return bytes;
  }

  override async copyTo(ref: ArtifactRef, folder: string, signal?: AbortSignal): Promise<void> {
    const present = await readdir(folder).catch(() => []);
    if (present.length > 0) throw new ArtifactError({ code: 'folder-not-empty', message: `Expected a new or empty folder to copy the artifact into; ${folder} holds ${present.slice(0, 3).join(', ')}.` });
    await using staged = await this.stage({ source: ref }, signal);
    try {
      for (const path of await filesOf(staged.source)) {
        signal?.throwIfAborted();
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await copyFile(join(staged.source, path), join(folder, path));
        await chmod(join(folder, path), 0o644);
      }
    } catch (error) {
      for (const name of await readdir(folder).catch(() => [])) await rm(join(folder, name), { recursive: true, force: true });
      throw explainDisk(error, `a copy of the artifact in ${folder}`);
    }
  }

  override probe(): Promise<void> {
    return this.blobs.probe();
  }
}

/** Paths of the regular files of a folder, sorted. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const odd = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (odd) throw new ArtifactError({ code: 'unsupported-file', message: `Expected only files and folders in an artifact; ${join(odd.parentPath, odd.name)} is something else, such as a link. Replace it by the file.` });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}
