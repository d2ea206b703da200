import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { DomainShares, DomainWeights, sharesFit, sharesProblem } from './domain-shares.js';
import { defineStepKind } from './step-kind.js';

export const ComposeSpec = z
  .strictObject({
    dataset: ArtifactRef.describe("Rows whose tags name their domain. Training rows are drawn; the domains' held-out rows stay as they are."),
    weights: DomainWeights.default('uniform').describe('What each domain gets of the whole: uniform; detected, as a model was found to know them; inverse, (1 - P) / sum of (1 - P); or given, {law: 0.5, code: 0.5}.'),
    detection: ArtifactRef.optional().describe('What a detect step found, for detected and inverse.'),
    shares: DomainShares.optional().describe('In place of a detection.'),
    domains: z.array(z.string().min(1)).min(1).optional().describe('The domains that take part; absent: those with a weight or a share, of uniform all tags.'),
    rows: z.int().min(1).optional().describe('Training rows in all: each domain gets floor(weight * rows).'),
    tokens: z.int().min(1).optional().describe('In place of rows: tokens in all, of the model.'),
    model: ArtifactRef.optional().describe('Whose tokens are counted.'),
    replacement: z.enum(['when-needed', 'always', 'never']).default('when-needed').describe('Whether a row may come twice: when-needed, where a domain has fewer rows than it is to give.'),
    heldOutRows: z.int().min(0).optional().describe('The most held-out rows of each domain, the first ones; absent: all.'),
    seed: z.int().min(0).max(2 ** 32 - 1).default(1),
  })
  .refine(({ rows, tokens }) => (rows === undefined) !== (tokens === undefined), { path: ['rows'], error: 'expected either rows or tokens' })
  .refine(({ tokens, model }) => (tokens === undefined) === (model === undefined), { path: ['model'], error: 'expected the model whose tokens are counted beside tokens, and only there' })
  .refine(sharesFit, { path: ['weights'], error: sharesProblem });
export type ComposeSpec = z.infer<typeof ComposeSpec>;

export const compose = defineStepKind({
  name: 'compose',
  description: 'Makes a dataset whose training rows come from domains by weight (VersaTune).',
  owner: 'synthesis',
  spec: ComposeSpec,
  references: { dataset: 'dataset', detection: 'report', model: 'model' },
  outputs: { dataset: 'dataset' },
  events: defineJobEvents('compose', 'synthesis', ComposeSpec, 'Completed means that every domain has the rows that its weight says; the counts stand in the metrics.'),
  cacheable: true,
});
