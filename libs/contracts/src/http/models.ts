import { z } from 'zod';
import { ArtifactRef, Digest } from '../artifact-ref.js';
import { Id, Name } from '../ids.js';

export const ModelVersionView = z.strictObject({
  name: Name, version: z.int().positive(), artifact: ArtifactRef, family: z.string(), aliases: z.array(Name),
  runId: Id.nullable(), createdAt: z.iso.datetime(),
});
export type ModelVersionView = z.infer<typeof ModelVersionView>;

export const ModelView = z.strictObject({ name: Name, project: Name, versions: z.array(ModelVersionView), aliases: z.record(Name, z.int().positive()) });
export type ModelView = z.infer<typeof ModelView>;

/** One entry of `model history`: what an alias pointed at from `at` until the next entry. */
export const AliasChange = z.strictObject({ alias: Name, version: z.int().positive(), previousVersion: z.int().positive().nullable(), at: z.iso.datetime(), runId: Id.nullable() });
export type AliasChange = z.infer<typeof AliasChange>;

export const SetAlias = z.strictObject({ version: z.int().positive() });

export const DatasetView = z.strictObject({
  name: Name, version: z.int().positive(), artifact: ArtifactRef, rows: z.int().nonnegative(), createdAt: z.iso.datetime(), report: z.record(z.string(), z.json()),
});
export type DatasetView = z.infer<typeof DatasetView>;

/** Both directions: what an artifact was made of, and what was made of it. */
export const LineageView = z.strictObject({
  digest: Digest,
  parents: z.array(z.strictObject({ digest: Digest, role: z.string(), runId: Id, step: Name })),
  children: z.array(z.strictObject({ digest: Digest, role: z.string(), runId: Id, step: Name })),
});
export type LineageView = z.infer<typeof LineageView>;

/** Copies an artifact's files into a folder of the platform's machine; only a local platform offers it. */
export const ExportArtifact = z.strictObject({ folder: z.string().min(1) });
export const ExportedArtifact = z.strictObject({ folder: z.string(), files: z.int().nonnegative(), size: z.int().nonnegative() });
export type ExportedArtifact = z.infer<typeof ExportedArtifact>;

/** A canonical row as it stands in rows.jsonl. */
export const DatasetRow = z.record(z.string(), z.json());
export type DatasetRow = z.infer<typeof DatasetRow>;
