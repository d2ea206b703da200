import { z } from 'zod';

export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 lower-case hexadecimal digits');
export type Digest = z.infer<typeof Digest>;

/** A digest as people give it: whole, or its beginning, with the … behind it that shortened ones are printed with. */
export const GivenDigest = z.string().regex(/^sha256:[0-9a-f]{8,64}…?$/, 'expected sha256: and 64 lower-case hexadecimal digits, or the first 8 of them or more');
export type GivenDigest = z.infer<typeof GivenDigest>;

/** What an artifact is. A folder artifact's digest is that of its manifest (see `ArtifactManifest`). */
export const mediaTypes = {
  model: 'application/vnd.tunesmith.model.v1+folder',
  adapter: 'application/vnd.tunesmith.adapter.v1+folder',
  dataset: 'application/vnd.tunesmith.dataset.v1+folder',
  evaluation: 'application/vnd.tunesmith.evaluation.v1+folder',
  /** What a model said of the tokens of a dataset. */
  distributions: 'application/vnd.tunesmith.distributions.v1+folder',
  report: 'application/vnd.tunesmith.report.v1+folder',
  /** Evaluation tasks with their documents. */
  tasks: 'application/vnd.tunesmith.tasks.v1+folder',
  gguf: 'application/vnd.tunesmith.gguf.v1+folder',
  onnx: 'application/vnd.tunesmith.onnx.v1+folder',
  /** Hugging Face folders with packed linears, one below it for each way of quantizing. */
  hf: 'application/vnd.tunesmith.hf.v1+folder',
  /** Files as someone sent them, not yet validated by an import. */
  upload: 'application/vnd.tunesmith.upload.v1+folder',
} as const;
export type ArtifactKind = keyof typeof mediaTypes;

/** A kind as messages name it: a model, an adapter. */
export function withArticle(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

/** A reference to stored bytes: the only way data travels in events. */
export const ArtifactRef = z.strictObject({
  digest: Digest,
  size: z.int().nonnegative().describe('Bytes, the sum over all files of a folder.'),
  mediaType: z.enum(Object.values(mediaTypes) as [string, ...string[]]),
});
export type ArtifactRef = z.infer<typeof ArtifactRef>;

/**
 * The list of files of a folder artifact, stored as canonical JSON (paths sorted, no spaces): its SHA-256 is the
 * artifact's digest, so the same files make the same artifact on every machine.
 */
export const ArtifactManifest = z.strictObject({
  mediaType: ArtifactRef.shape.mediaType,
  files: z.array(z.strictObject({ path: z.string().min(1), digest: Digest, size: z.int().nonnegative() })),
});
export type ArtifactManifest = z.infer<typeof ArtifactManifest>;
