import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const RepresentSpec = z.strictObject({
  model: ArtifactRef.describe('The model that reads the dataset.'),
  pivot: ArtifactRef.describe('The model whose chat template writes the conversations; of the pivot itself the same.'),
  dataset: ArtifactRef,
  splits: z.array(z.enum(['train', 'validation'])).min(1).refine((splits) => new Set(splits).size === splits.length, 'expected each split once').default(['train']).describe('Which rows are read.'),
  topK: z.int().min(1).max(1024).default(10).describe('Tokens kept at each place.'),
  maxLength: z.int().min(8).max(1_048_576).default(2048).describe('In tokens of the model that reads.'),
  longRows: z.enum(['refuse', 'drop']).default('refuse').describe('What becomes of rows longer than maxLength.'),
  dtype: z.enum(['bfloat16', 'float32']).default('bfloat16'),
});
export type RepresentSpec = z.infer<typeof RepresentSpec>;

export const represent = defineStepKind({
  name: 'represent',
  description: 'Stores what a model expects at every token that an assistant says: the likeliest tokens and the cross-entropy of each row.',
  owner: 'merger',
  spec: RepresentSpec,
  references: { model: 'model', pivot: 'model', dataset: 'dataset' },
  outputs: { distributions: 'distributions' },
  events: defineJobEvents('represent', 'merger', RepresentSpec, 'Completed means that the distributions of all rows that fit are stored.'),
  cacheable: true,
});
