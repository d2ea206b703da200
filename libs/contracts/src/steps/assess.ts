import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const AssessmentFormSpec = z
  .strictObject({
    kind: z.literal('form').describe('A page on which people grade answers without knowing whose they are.'),
    dataset: ArtifactRef.describe('The questions; without models also the answers.'),
    models: z.array(ArtifactRef).max(32).default([]).describe('Who answers the questions; none: the answers of the rows are graded, by the origin of the rows.'),
    labels: z.array(z.string().min(1).max(60)).default([]).describe('What the report calls each model; raters never see it.'),
    items: z.int().min(1).max(2000).optional().describe('Questions that every model answers (absent: 114), or rows of each origin (absent: 20).'),
    maxNewTokens: z.int().min(1).max(4096).default(256),
    seed: z.int().min(0).max(2 ** 32 - 1).default(1),
    title: z.string().min(1).max(200).default('How good are these answers?'),
    dtype: z.enum(['bfloat16', 'float32']).default('bfloat16'),
  })
  .refine(({ models, labels }) => labels.length === 0 || labels.length === models.length, { path: ['labels'], error: 'expected one label for each model, or none' })
  .refine(({ labels }) => new Set(labels).size === labels.length, { path: ['labels'], error: 'expected a label of its own for each model' });
export type AssessmentFormSpec = z.infer<typeof AssessmentFormSpec>;

export const AssessmentGradesSpec = z.strictObject({
  kind: z.literal('grades').describe('Reads what raters handed in.'),
  form: ArtifactRef.describe('The form that was graded, with its key.'),
  grades: ArtifactRef.describe("A folder with a file of each rater, as the form's page writes it."),
});
export type AssessmentGradesSpec = z.infer<typeof AssessmentGradesSpec>;

export const AssessSpec = z.discriminatedUnion('kind', [AssessmentFormSpec, AssessmentGradesSpec]);
export type AssessSpec = z.infer<typeof AssessSpec>;

export const assess = defineStepKind({
  name: 'assess',
  description: 'Has people grade answers from A to D: makes the form, and reads the grades into counts and agreement.',
  owner: 'synthesis',
  spec: AssessSpec,
  references: { dataset: 'dataset', models: 'model', form: 'report', grades: 'upload' },
  outputs: { form: 'report', assessment: 'report' },
  events: defineJobEvents('assess', 'synthesis', AssessSpec, 'Completed means that the form is written, or that every file of grades was read.'),
  cacheable: true,
});
