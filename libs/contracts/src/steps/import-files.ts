import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const ImportFilesSpec = z.strictObject({
  path: z.string().min(1).describe('A file or folder; upload:ID names a complete upload.'),
  upload: ArtifactRef.optional().describe('Set by the registry when the path is an upload: the path is then one inside it, `.` the whole folder.'),
});
export type ImportFilesSpec = z.infer<typeof ImportFilesSpec>;

export const importFiles = defineStepKind({
  name: 'import-files',
  description: 'Stores files as they are, for steps that read them themselves: a list of topics, a GGUF file, an encoder.',
  owner: 'synthesis',
  spec: ImportFilesSpec,
  references: {},
  outputs: { upload: 'upload' },
  events: defineJobEvents('files-import', 'synthesis', ImportFilesSpec, 'Completed means that the files are stored; nothing has looked into them.'),
  cacheable: false,
});
