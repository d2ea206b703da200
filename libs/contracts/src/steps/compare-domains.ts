import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const CompareDomainsSpec = z
  .strictObject({
    reports: z.array(ArtifactRef).min(1).describe('Of trainings with domains: of one model, one dataset and the same held-out rows.'),
    labels: z.array(z.string().min(1)).min(1).describe('A name for each, whose last part that is no seed names its arm: uniform-seed2-dynamic is of dynamic.'),
    baseline: z.string().min(1).default('uniform').describe('The arm that the others are held against.'),
    target: z.string().min(1).optional().describe('The domain that was to be learned best.'),
    specialist: z.string().min(1).optional().describe('The arm that was tuned on the target alone.'),
  })
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
