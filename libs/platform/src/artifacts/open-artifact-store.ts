import { join } from 'node:path';
import type { PlatformConfig } from '../config/platform-config.js';
import type { ArtifactStore } from './artifact-store.js';
import { DigestArtifactStore } from './digest-artifact-store.js';
import { FileBlobStore } from './file-blob-store.js';
import { S3BlobStore } from './s3-blob-store.js';

/** The store that the configuration names, probed. */
export async function openArtifactStore({ artifacts, home }: Pick<PlatformConfig, 'artifacts' | 'home'>): Promise<ArtifactStore> {
  const blobs = artifacts.kind === 'file' ? new FileBlobStore(artifacts.folder) : new S3BlobStore(artifacts);
  const store = new DigestArtifactStore(blobs, join(home, 'cache', 'artifacts'));
  await store.probe();
  return store;
}
