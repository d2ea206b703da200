import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const ExtractAdapterSpec = z.strictObject({
  base: ArtifactRef.describe('What the model was tuned from.'),
  model: ArtifactRef.describe('The tuned model.'),
  rank: z.int().min(1).default(16).describe('The largest rank of a module.'),
  energy: z.number().gt(0).max(1).default(1).describe('Modules that hold this share of their change with a lower rank get that.'),
  targetModules: z.array(z.string().min(1)).min(1).optional().describe('Last parts of module names, such as q_proj; all linear layers when left out.'),
});
export type ExtractAdapterSpec = z.infer<typeof ExtractAdapterSpec>;

export const extractAdapter = defineStepKind({
  name: 'extract-adapter',
  description: 'Makes a LoRA adapter of what tuning changed in a model.',
  owner: 'merger',
  spec: ExtractAdapterSpec,
  references: { base: 'model', model: 'model' },
  outputs: { adapter: 'adapter' },
  events: defineJobEvents('extract-adapter', 'merger', ExtractAdapterSpec, 'Completed means that the adapter is stored; what of the change it does not hold stands in the metrics.'),
  cacheable: true,
});
