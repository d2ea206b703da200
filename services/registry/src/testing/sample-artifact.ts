import { createHash } from 'node:crypto';
import { mediaTypes, type ArtifactKind, type ArtifactRef } from '@tunesmith/contracts';

/** A reference as it would be to bytes called `name`. */
export function sampleArtifact(name: string, kind: ArtifactKind = 'model'): ArtifactRef {
  return { digest: `sha256:${createHash('sha256').update(name).digest('hex')}`, size: name.length, mediaType: mediaTypes[kind] };
}
