import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const ScoreSpec = z
  .strictObject({
    model: ArtifactRef,
    adapter: ArtifactRef.optional().describe('A LoRA adapter of the model, which stays beside its weights.'),
    rows: z.array(z.json()).min(1).max(100_000).optional().describe('Rows {"text"}, {"prompt","completion"} or {"messages"}.'),
    input: ArtifactRef.optional().describe('Set by the registry where the rows are too many for a message: a folder with them in rows.jsonl.'),
    dtype: z.enum(['bfloat16', 'float32', 'model']).default('float32').describe('What the weights are computed in; `model`: in what the folder stores them.'),
  })
  .refine(({ rows, input }) => (rows === undefined) !== (input === undefined), { path: ['rows'], error: 'expected rows to score; got none' });
export type ScoreSpec = z.infer<typeof ScoreSpec>;

export const score = defineStepKind({
  name: 'score',
  description: 'Per-token log-probabilities of texts: the artifact holds them in rows.jsonl, and the metrics in `rows` where they are few.',
  owner: 'evaluator',
  spec: ScoreSpec,
  references: { model: 'model', adapter: 'adapter' },
  outputs: { scores: 'evaluation' },
  events: defineJobEvents('score', 'evaluator', ScoreSpec, 'Completed means that there is a row of scores for every input row.'),
  cacheable: false,
});
