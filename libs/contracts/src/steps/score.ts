import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const ScoreSpec = z.strictObject({
  model: ArtifactRef,
  rows: z.array(z.json()).min(1).max(100_000).describe('Rows {"text"}, {"prompt","completion"} or {"messages"}.'),
  dtype: z.enum(['bfloat16', 'float32']).default('float32'),
});
export type ScoreSpec = z.infer<typeof ScoreSpec>;

export const score = defineStepKind({
  name: 'score',
  description: 'Per-token log-probabilities of texts; the metrics hold `rows`.',
  owner: 'evaluator',
  spec: ScoreSpec,
  references: { model: 'model' },
  outputs: {},
  events: defineJobEvents('score', 'evaluator', ScoreSpec, 'Completed means that the metrics hold a row for every input row.'),
  cacheable: false,
});
