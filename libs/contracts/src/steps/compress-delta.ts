import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const CompressDeltaSpec = z.strictObject({
  base: ArtifactRef.describe('What the model was tuned from.'),
  model: ArtifactRef.describe('The tuned model.'),
  bitsPerWeight: z.number().gt(0).max(16).default(1).describe('Bits for each weight of a matrix, scales included.'),
  groups: z.array(z.strictObject({ rank: z.int().min(1).nullable(), bits: z.int().min(1).max(8) })).min(1).optional().describe('So many singular vectors in so many bits, the largest first; a rank of null takes what is left. 2 in 8, 32 in 3, the rest in 2 bits when left out.'),
  dataset: ArtifactRef.optional().describe('Rows for the perplexity of the restored model beside the tuned one and the base.'),
  perplexity: z.boolean().default(true).describe('Whether the three are compared; on a small built-in text without a dataset.'),
});
export type CompressDeltaSpec = z.infer<typeof CompressDeltaSpec>;

export const compressDelta = defineStepKind({
  name: 'compress-delta',
  description: 'Writes what tuning changed in a model in about a bit for each weight.',
  owner: 'merger',
  spec: CompressDeltaSpec,
  references: { base: 'model', model: 'model', dataset: 'dataset' },
  outputs: { delta: 'upload' },
  events: defineJobEvents('compress-delta', 'merger', CompressDeltaSpec, 'Completed means that the delta is stored and was restored once, where perplexities were asked for; the loss that it costs stands in the metrics.'),
  cacheable: true,
});
