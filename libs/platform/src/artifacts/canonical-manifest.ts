import { ArtifactManifest, mediaTypes, type ArtifactKind, type ArtifactRef } from '@tunesmith/contracts';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ArtifactError } from './artifact-error.js';

type File = ArtifactManifest['files'][number];

/** The manifest as its canonical bytes (paths sorted by code unit, no spaces), whose SHA-256 is the artifact's digest. */
export function sealManifest(kind: ArtifactKind, files: readonly File[]): { bytes: Buffer; ref: ArtifactRef } {
  const sorted = [...files].sort((left, right) => (left.path < right.path ? -1 : 1)).map(({ path, digest, size }) => ({ path, digest, size }));
  const bytes = Buffer.from(JSON.stringify({ mediaType: mediaTypes[kind], files: sorted } satisfies ArtifactManifest));
  return { bytes, ref: { digest: sha256(bytes), size: totalSize(sorted), mediaType: mediaTypes[kind] } };
}

/** Reads a manifest and checks that its paths stay inside the folder. */
export function readManifest(bytes: Uint8Array, digest: string): ArtifactManifest {
  const parsed = ArtifactManifest.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (!parsed.success) throw new ArtifactError({ code: 'bad-manifest', message: `Expected ${digest} to be the manifest of an artifact; it has these problems:\n${z.prettifyError(parsed.error)}` });
  for (const { path } of parsed.data.files) {
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..') || path.includes('\\') || path.includes('\0')) {
      throw new ArtifactError({ code: 'bad-manifest', message: `Expected paths inside the folder in the manifest ${digest}; got "${path}"` });
    }
  }
  return parsed.data;
}

export function refOfManifest(digest: string, { mediaType, files }: ArtifactManifest): ArtifactRef {
  return { digest, size: totalSize(files), mediaType };
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function totalSize(files: readonly { size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
