import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

/** How the vocabularies of different models meet. */
export const VocabularyRules = z.strictObject({
  transfer: z.enum(['fusechat', 'fusellm-hard', 'fusellm-soft']).default('fusechat').describe("When a source's words may stand for the pivot's."),
  vocabulary: z.enum(['statistics', 'edit-distance', 'exact']).default('statistics').describe("How a source token without a twin finds its way to the pivot's vocabulary."),
  score: z.enum(['repo', 'max-frequency']).default('repo').describe('Of statistics: which of the tokens that it was aligned with.'),
  unmapped: z.enum(['drop', 'unknown']).default('drop').describe("What becomes of a token that nothing maps: left out, or the pivot's unknown token."),
});

export const FuseSpec = z.strictObject({
  dataset: ArtifactRef,
  pivot: ArtifactRef.describe('What the pivot said of the dataset (represent).'),
  sources: z.array(ArtifactRef).min(1).describe('What each source said of it; one for pairwise fusion.'),
  fusion: z.enum(['min-ce', 'avg-ce']).default('min-ce').describe('The words of the model with the least cross-entropy on a row, or a mixture of all.'),
  compare: z.enum(['token', 'text']).default('token').describe('Whether models are compared by the cross-entropy of their own tokens, as in the papers, or of the text, which favours no vocabulary.'),
  ...VocabularyRules.shape,
  temperature: z.number().positive().default(1).describe('Softens what the models said, before it is fused.'),
  reward: z.enum(['best', 'mean']).default('best').describe('Whose knowledge of a row counts where training mixes softly.'),
  examples: z.int().min(0).max(1000).default(5).describe('Rows that the report shows.'),
});
export type FuseSpec = z.infer<typeof FuseSpec>;

export const fuse = defineStepKind({
  name: 'fuse',
  description: 'Fuses what several models said of a dataset into one teacher of the pivot, whatever their vocabularies.',
  owner: 'merger',
  spec: FuseSpec,
  references: { dataset: 'dataset', pivot: 'distributions', sources: 'distributions' },
  outputs: { dataset: 'dataset', report: 'report' },
  events: defineJobEvents('fuse', 'merger', FuseSpec, 'Completed means that the rows that all models read are stored with the teacher of each, for a training with the objective distill.'),
  cacheable: true,
});
