import { z } from 'zod';
import { Digest } from '../artifact-ref.js';
import { Id, Project } from '../ids.js';

/** At most 255 bytes in UTF-8, which file systems take: 255 of ASCII, or 63 of anything. Neither `.` nor `..`. */
const uploadPart = String.raw`(?!\.{1,2}(?:\/|$))(?:[ -.0-\[\]-~]{1,255}|[^\/\\\u0000-\u001f]{1,63})`;

/** A path inside an upload: forward slashes, no empty part, no `.` or `..`. */
export const UploadPath = z
  .string()
  .max(512)
  .regex(new RegExp(`^${uploadPart}(?:\\/${uploadPart})*$`, 'u'), 'expected a relative path with forward slashes, without . or .. parts, and with parts of at most 255 bytes');

/**
 * POST /v1/uploads: announces the files that follow by PATCH, in pieces of any size. A file is accepted when its bytes have the digest given
 * here. `upload:ID` may then stand wherever a path is expected: for one file that file, for several their folder.
 */
export const CreateUpload = z.strictObject({
  files: z.array(z.strictObject({ path: UploadPath, size: z.int().nonnegative(), digest: Digest })).min(1).max(10_000),
  project: Project,
});
export type CreateUpload = z.input<typeof CreateUpload>;

export const UploadView = z.strictObject({
  id: Id,
  reference: z.string().describe('upload:ID, which may stand where a path is expected once the upload is complete.'),
  complete: z.boolean(),
  files: z.array(z.strictObject({ path: UploadPath, size: z.int().nonnegative(), digest: Digest, received: z.int().nonnegative().describe('Bytes that are stored: where the next piece starts.') })),
  createdAt: z.iso.datetime(),
});
export type UploadView = z.infer<typeof UploadView>;

/** Query of PATCH /v1/uploads/{id}: which file the piece belongs to and where it starts. */
export const UploadPiece = z.strictObject({ file: UploadPath, offset: z.int().nonnegative() });
