import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const SynthesizeSpec = z.strictObject({
  kind: z.literal('self-replay').describe('The model itself answers the rows that leave their answer to it, so that tuning on them guards against forgetting.'),
  model: ArtifactRef,
  dataset: ArtifactRef,
  maxNewTokens: z.int().min(1).max(4096).default(96),
  placeholders: z.record(z.string(), z.string()).default({}).describe('Values for {{NAME}} in the rows, such as the name and maker of an assistant.'),
});
export type SynthesizeSpec = z.infer<typeof SynthesizeSpec>;

export const synthesize = defineStepKind({
  name: 'synthesize',
  description: 'Completes a dataset with generated answers.',
  owner: 'synthesis',
  spec: SynthesizeSpec,
  references: { model: 'model', dataset: 'dataset' },
  outputs: { dataset: 'dataset' },
  events: defineJobEvents('synthesize', 'synthesis', SynthesizeSpec, 'Completed means that every row has an answer.'),
  cacheable: true,
});
