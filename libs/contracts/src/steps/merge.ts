import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const MergeSpec = z
  .strictObject({
    base: ArtifactRef,
    adapter: ArtifactRef.optional().describe('Folds this LoRA adapter into the base.'),
    models: z.array(ArtifactRef).default([]).describe('Further models, for methods that merge whole models.'),
    method: z.string().min(1).default('lora-fold').describe('The name of a merge method, such as lora-fold, linear or slerp.'),
    parameters: z.record(z.string(), z.json()).default({}).describe('Checked by the method.'),
  });
export type MergeSpec = z.infer<typeof MergeSpec>;

export const merge = defineStepKind({
  name: 'merge',
  description: 'Makes one model of a base and an adapter, or of several models.',
  owner: 'merger',
  spec: MergeSpec,
  references: { base: 'model', adapter: 'adapter', models: 'model' },
  outputs: { model: 'model' },
  events: defineJobEvents('merge', 'merger', MergeSpec, 'Completed means that the weights are stored, finite, and of the shapes that the config asks for; it does not mean that they were evaluated.'),
  cacheable: true,
});
