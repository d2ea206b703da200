import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const RestoreDeltaSpec = z.strictObject({
  base: ArtifactRef.describe('What the delta was taken from.'),
  delta: ArtifactRef,
});
export type RestoreDeltaSpec = z.infer<typeof RestoreDeltaSpec>;

export const restoreDelta = defineStepKind({
  name: 'restore-delta',
  description: 'Makes the tuned model that a compressed delta and its base stand for.',
  owner: 'merger',
  spec: RestoreDeltaSpec,
  references: { base: 'model', delta: 'upload' },
  outputs: { model: 'model' },
  events: defineJobEvents('restore-delta', 'merger', RestoreDeltaSpec, 'Completed means that the model is stored; it is the tuned one but for what the delta lost.'),
  cacheable: true,
});
