import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { Name } from '../ids.js';
import { VocabularyRules } from './fuse.js';
import { defineStepKind } from './step-kind.js';

export const AgreeSpec = z
  .strictObject({
    model: ArtifactRef.describe('What the model said of the rows (represent).'),
    sources: z.array(ArtifactRef).min(1).describe('What each of the others said of them.'),
    dataset: ArtifactRef.optional().describe('The rows that were read: the loss is also told for those of each tag, as TAG.loss.'),
    names: z.array(Name).optional().describe('What the others are called; absent: source-1 and so on.'),
    split: z.enum(['train', 'validation']).default('validation'),
    ...VocabularyRules.shape,
  })
  .refine(({ names, sources }) => names === undefined || names.length === sources.length, { path: ['names'], error: 'expected as many names as sources' });
export type AgreeSpec = z.infer<typeof AgreeSpec>;

export const agree = defineStepKind({
  name: 'agree',
  description: 'Counts how often a model expects the token that others expect; the metrics are named agreement.SOURCE, held-out.loss is its own loss on the rows, and with the dataset TAG.loss on those of a tag and held-out.loss_by_tag the mean of these.',
  owner: 'merger',
  spec: AgreeSpec,
  references: { model: 'distributions', sources: 'distributions', dataset: 'dataset' },
  outputs: { evaluation: 'evaluation' },
  events: defineJobEvents('agree', 'merger', AgreeSpec, 'Completed means that every place of every row that all have read was compared.'),
  cacheable: true,
});
