import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { Name } from '../ids.js';
import { defineStepKind } from './step-kind.js';

/**
 * `exact-match`: greedy answers to the held-out rows of a dataset, right where the row's `expect` text occurs in the answer.
 * `loss`: mean cross-entropy of the assistant tokens of held-out rows; with `against`, also the relative increase.
 */
export const EvaluationTask = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exact-match'), name: Name, tag: z.string().min(1).describe('Which held-out rows: those with this tag.'), maxNewTokens: z.int().min(1).max(4096).default(48) }),
  z.strictObject({ kind: z.literal('loss'), name: Name, tag: z.string().min(1) }),
]);
export type EvaluationTask = z.infer<typeof EvaluationTask>;

export const EvaluateSpec = z.strictObject({
  model: ArtifactRef,
  against: ArtifactRef.optional().describe('The model to compare with, such as the one in production.'),
  dataset: ArtifactRef.describe('Held-out rows: those of the validation split.'),
  tasks: z.array(EvaluationTask).min(1),
  dtype: z.enum(['bfloat16', 'float32']).default('bfloat16'),
});
export type EvaluateSpec = z.infer<typeof EvaluateSpec>;

export const evaluate = defineStepKind({
  name: 'evaluate',
  description: 'Scores a model on tasks; the metrics are named TASK.METRIC.',
  owner: 'evaluator',
  spec: EvaluateSpec,
  references: { model: 'model', against: 'model', dataset: 'dataset' },
  outputs: { evaluation: 'evaluation' },
  events: defineJobEvents('evaluate', 'evaluator', EvaluateSpec, 'Completed means that every item of every task was scored; it does not mean that the scores are good.'),
  cacheable: true,
});
