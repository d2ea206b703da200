import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const CompareSpec = z
  .strictObject({
    title: z.string().min(1).default('Comparison'),
    evaluations: z.array(ArtifactRef.nullable()).min(1).describe('Null where there is none, because a step that may fail did.'),
    labels: z.array(z.string().min(1)).min(1).describe('A name for each evaluation. Names that differ only in their seed, such as lora-seed1 and lora-seed2, are one row: mean and spread. Several evaluations of one name are one run.'),
    reports: z.array(ArtifactRef.nullable()).default([]).describe('The report of the training behind each evaluation: what tuning took, and its losses. Null where there is none; the last ones may be left out, such as those of untuned models.'),
    errors: z.array(z.string().min(1).nullable()).default([]).describe('Why each evaluation is missing, or none at all. Null where it is there.'),
    metrics: z.array(z.string().min(1)).min(1).optional().describe('TASK.METRIC names to show, in this order; absent: all.'),
    baseline: z.string().min(1).optional().describe('The name of the row that the others are held against.'),
  })
  .refine(({ evaluations, labels }) => evaluations.length === labels.length, { path: ['labels'], error: 'expected one label for each evaluation' })
  .refine(({ evaluations, reports }) => reports.length <= evaluations.length, { path: ['reports'], error: 'expected at most one report for each evaluation' })
  .refine(({ evaluations, errors }) => errors.length === 0 || errors.length === evaluations.length, { path: ['errors'], error: 'expected no error, or one for each evaluation' });
export type CompareSpec = z.infer<typeof CompareSpec>;

export const compare = defineStepKind({
  name: 'compare',
  description: 'Lays evaluations side by side: one table with what tuning took, bars, losses over steps, size and memory against score.',
  owner: 'evaluator',
  spec: CompareSpec,
  references: { evaluations: 'evaluation', reports: 'report' },
  outputs: { comparison: 'report' },
  events: defineJobEvents('compare', 'evaluator', CompareSpec, 'Completed means that every evaluation was read and the table written.'),
  cacheable: true,
});
