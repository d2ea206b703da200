import { join } from 'node:path';
import type { PlatformConfig } from '../config/platform-config.js';
import type { ArtifactStore } from './artifact-store.js';
import { DigestArtifactStore } from './digest-artifact-store.js';
import { FileBlobStore } from './file-blob-store.js';

/** The store that the configuration names, probed. */
export async function openArtifactStore({ artifacts, home }: Pick<PlatformConfig, 'artifacts' | 'home'>): Promise<ArtifactStore> {
  // The S3 client is large and has no place in the embedded platform.
  const blobs = artifacts.kind === 'file' ? new FileBlobStore(artifacts.folder) : new (await import('./s3-blob-store.js')).S3BlobStore(artifacts);
  const store = new DigestArtifactStore(blobs, join(home, 'cache', 'artifacts'));
  await store.probe();
  return store;
}
