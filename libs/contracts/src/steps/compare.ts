import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const CompareSpec = z
  .strictObject({
    title: z.string().min(1).default('Comparison'),
    evaluations: z.array(ArtifactRef).min(1),
    labels: z.array(z.string().min(1)).min(1).describe('A name for each evaluation. Names that differ only in their seed, such as lora-seed1 and lora-seed2, are one row: mean and spread.'),
    reports: z.array(ArtifactRef).default([]).describe('The report of the training behind each evaluation, or none: what tuning it took.'),
    metrics: z.array(z.string().min(1)).min(1).optional().describe('TASK.METRIC names to show, in this order; absent: all.'),
    baseline: z.string().min(1).optional().describe('The name of the row that the others are held against.'),
  })
  .refine(({ evaluations, labels }) => evaluations.length === labels.length, { path: ['labels'], error: 'expected one label for each evaluation' })
  .refine(({ evaluations, reports }) => reports.length === 0 || reports.length === evaluations.length, { path: ['reports'], error: 'expected no report, or one for each evaluation' });
export type CompareSpec = z.infer<typeof CompareSpec>;

export const compare = defineStepKind({
  name: 'compare',
  description: 'Lays evaluations side by side: one table, bars, and size against score.',
  owner: 'evaluator',
  spec: CompareSpec,
  references: { evaluations: 'evaluation', reports: 'report' },
  outputs: { comparison: 'report' },
  events: defineJobEvents('compare', 'evaluator', CompareSpec, 'Completed means that every evaluation was read and the table written.'),
  cacheable: true,
});
