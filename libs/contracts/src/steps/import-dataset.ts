import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { Name } from '../ids.js';
import { defineStepKind } from './step-kind.js';

export const ImportDatasetSpec = z.strictObject({
  path: z.string().min(1).describe('A JSON lines file (.jsonl) or a JSON array (.json); upload:ID names a complete upload.'),
  upload: ArtifactRef.optional().describe('Set by the registry when the path is an upload: the files to read; the path is then one inside it, `.` the whole folder.'),
  name: Name.optional().describe('Registers the result under this name.'),
  skipInvalid: z.boolean().default(false).describe('Counts and leaves out rows that are not valid, instead of failing at the first.'),
});
export type ImportDatasetSpec = z.infer<typeof ImportDatasetSpec>;

export const importDataset = defineStepKind({
  name: 'import-dataset',
  description: 'Validates the rows of a dataset from outside and stores an immutable version.',
  owner: 'synthesis',
  spec: ImportDatasetSpec,
  references: {},
  outputs: { dataset: 'dataset' },
  events: defineJobEvents('dataset-import', 'synthesis', ImportDatasetSpec, 'Completed means that every kept row is valid and stored as canonical rows with a report.'),
  cacheable: false,
});
