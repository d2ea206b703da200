import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { Name } from '../ids.js';
import { defineStepKind } from './step-kind.js';

export const PromoteSpec = z.strictObject({
  model: ArtifactRef,
  name: Name.optional().describe('Registers the model as the next version of this name; without it, the one registered model that the recipe refers to.'),
  alias: Name.default('prod'),
});
export type PromoteSpec = z.infer<typeof PromoteSpec>;

export const promote = defineStepKind({
  name: 'promote',
  description: 'Registers a model as a new version and points an alias at it.',
  owner: 'registry',
  spec: PromoteSpec,
  references: { model: 'model' },
  outputs: { model: 'model' },
  cacheable: false,
});
