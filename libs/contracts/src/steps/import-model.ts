import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { Name } from '../ids.js';
import { defineStepKind } from './step-kind.js';

export const ImportModelSpec = z.strictObject({
  path: z.string().min(1).describe('A GGUF file, a Hugging Face folder, a PEFT adapter folder, an importance matrix (imatrix) in GGUF, or hf:ORG/NAME; upload:ID names a complete upload.'),
  upload: ArtifactRef.optional().describe('Set by the registry when the path is an upload: the files to read; the path is then one inside it, `.` the whole folder.'),
  name: Name.optional().describe('Registers the result under this name; without it the artifact is stored and stays unnamed.'),
  alias: Name.optional().describe('Points this alias at the new version.'),
  chatTemplate: z.literal('alpaca').optional().describe('Gives a decoder without a chat template the Alpaca wrapper, as LaMini-LM has it.'),
});
export type ImportModelSpec = z.infer<typeof ImportModelSpec>;

export const importModel = defineStepKind({
  name: 'import-model',
  description: 'Validates a model or an adapter from outside and stores it as a Hugging Face folder; an importance matrix is stored as it is.',
  owner: 'registry',
  spec: ImportModelSpec,
  references: {},
  outputs: { model: 'model', adapter: 'adapter', gguf: 'gguf' },
  events: defineJobEvents('model-import', 'registry', ImportModelSpec, 'Completed means that the folder is validated and stored, and that its config, tokenizer and weights agree.'),
  cacheable: false,
});
