import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { Name } from '../ids.js';
import { defineStepKind } from './step-kind.js';

export const ImportDatasetSpec = z.strictObject({
  path: z.string().min(1).describe('A file of rows (JSON lines, JSON, CSV, Parquet; also .gz and .zst), a folder or an archive of them, https://…, s3://BUCKET/KEY or all below s3://BUCKET/PREFIX/; upload:ID names a complete upload.'),
  upload: ArtifactRef.optional().describe('Set by the registry when the path is an upload: the files to read; the path is then one inside it, `.` the whole folder.'),
  name: Name.optional().describe('Registers the result under this name.'),
  skipInvalid: z.boolean().default(false).describe('Counts and leaves out rows that are not valid, instead of failing at the first.'),
  ignoreKeys: z.array(z.string().min(1)).min(1).optional().describe('Keys of rows and of their messages that say nothing for training: left out, and counted in the report. Any other unknown key makes its row invalid.'),
  dropDuplicates: z.enum(['exact', 'near']).optional().describe('Leaves out rows that repeat an earlier one, word for word or also nearly. Absent: they are counted and kept.'),
  nearDuplicateThreshold: z.number().gt(0).max(1).default(0.8).describe('The share of common five-character runs from which two rows are near duplicates.'),
  model: ArtifactRef.optional().describe('Counts tokens and trained tokens under the tokenizer and template of this model.'),
});
export type ImportDatasetSpec = z.infer<typeof ImportDatasetSpec>;

export const importDataset = defineStepKind({
  name: 'import-dataset',
  description: 'Validates the rows of a dataset from outside and stores an immutable version with a report.',
  owner: 'synthesis',
  spec: ImportDatasetSpec,
  references: { model: 'model' },
  outputs: { dataset: 'dataset' },
  events: defineJobEvents('dataset-import', 'synthesis', ImportDatasetSpec, 'Completed means that every kept row is valid and stored as canonical rows with a report.'),
  cacheable: false,
});
