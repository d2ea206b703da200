import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const MergeAdaptersSpec = z.strictObject({
  adapters: z.array(ArtifactRef).min(1),
  combination: z.enum(['stack', 'factors', 'updates']).default('stack').describe('stack: side by side, exactly their weighted sum; factors: matrix by matrix; updates: the products, cut back to a rank.'),
  method: z.string().min(1).optional().describe('A merge method for any number of models, such as ties; the weighted sum when left out.'),
  parameters: z.record(z.string(), z.json()).default({}).describe('Checked by the method: one value for all adapters, or a list with one for each.'),
  rank: z.int().min(1).optional().describe('Of updates; the largest rank of the adapters when left out.'),
  seed: z.int().min(0).max(2 ** 32 - 1).default(0).describe('Where the random numbers of random methods start.'),
});
export type MergeAdaptersSpec = z.infer<typeof MergeAdaptersSpec>;

export const mergeAdapters = defineStepKind({
  name: 'merge-adapters',
  description: 'Makes one LoRA adapter of several of one base.',
  owner: 'merger',
  spec: MergeAdaptersSpec,
  references: { adapters: 'adapter' },
  outputs: { adapter: 'adapter' },
  events: defineJobEvents('merge-adapters', 'merger', MergeAdaptersSpec, 'Completed means that the adapter is stored; what the cut to a rank left out stands in the metrics.'),
  cacheable: true,
});
