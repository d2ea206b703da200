import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

/** Something that the experiment is to show or refute; the report says plainly which. */
export const DomainClaim = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('mean-loss').describe('The mean held-out loss over all domains is no higher.'), arm: z.string().min(1), against: z.string().min(1) }),
  z.strictObject({
    kind: z.literal('less-forgetting').describe('The other domains are forgotten less, while the target is learned.'), arm: z.string().min(1), against: z.string().min(1).describe('The arm that was tuned on the target alone.'),
    less: z.number().gt(0).max(1).default(0.3).describe('By what part of what the other arm forgets.'), gain: z.number().gt(0).default(0.95).describe('At what part of its gain on the target.'),
  }),
]);

export const CompareDomainsSpec = z
  .strictObject({
    reports: z.array(ArtifactRef).min(1).describe('Of trainings with domains: of one model, one dataset and the same held-out rows.'),
    labels: z.array(z.string().min(1)).min(1).describe('A name for each, whose last part that is no seed names its arm: uniform-seed2-dynamic is of dynamic.'),
    baseline: z.string().min(1).default('uniform').describe('The arm that the others are held against.'),
    target: z.string().min(1).optional().describe('The domain that was to be learned best.'),
    specialist: z.string().min(1).optional().describe('The arm that was tuned on the target alone.'),
    claims: z.array(DomainClaim).max(20).default([]).describe('What is to be shown or refuted, by the means over seeds.'),
  })
  .refine(({ claims, target }) => target !== undefined || claims.every(({ kind }) => kind !== 'less-forgetting'), { path: ['claims'], error: 'expected the target that is learned' })
  .refine(({ reports, labels }) => reports.length === labels.length, { path: ['labels'], error: 'expected one label for each report' })
  .refine(({ target, specialist }) => specialist === undefined || target !== undefined, { path: ['specialist'], error: 'expected the target that it was tuned on' });
export type CompareDomainsSpec = z.infer<typeof CompareDomainsSpec>;

export const compareDomains = defineStepKind({
  name: 'compare-domains',
  description: 'Lays trainings on domains by weight side by side: held-out loss by domain and its change from the untuned model, over seeds.',
  owner: 'trainer',
  spec: CompareDomainsSpec,
  references: { reports: 'report' },
  outputs: { comparison: 'report' },
  events: defineJobEvents('compare-domains', 'trainer', CompareDomainsSpec, 'Completed means that the figures are laid side by side, whatever they say.'),
  cacheable: true,
});
