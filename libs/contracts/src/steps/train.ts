import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const LoraMethod = z.strictObject({
  kind: z.literal('lora'),
  rank: z.int().min(1).max(1024).default(8),
  alpha: z.number().positive().default(16).describe('The update is scaled by alpha / rank.'),
  dropout: z.number().min(0).lt(1).default(0),
  targetModules: z.array(z.string().min(1)).min(1).or(z.literal('all-linear')).default('all-linear'),
});
export const FullMethod = z.strictObject({ kind: z.literal('full') });
export const TuningMethod = z.discriminatedUnion('kind', [LoraMethod, FullMethod]);
export type TuningMethod = z.infer<typeof TuningMethod>;

export const TrainSpec = z.strictObject({
  model: ArtifactRef,
  dataset: ArtifactRef,
  method: TuningMethod.default({ kind: 'lora', rank: 8, alpha: 16, dropout: 0, targetModules: 'all-linear' }),
  maxLength: z.int().min(8).max(1_048_576).default(1024).describe('Rows longer than this many tokens are refused.'),
  batch: z.int().min(1).max(4096).default(8).describe('Rows per optimizer step.'),
  epochs: z.number().positive().max(1000).default(1),
  steps: z.int().min(1).optional().describe('Optimizer steps; overrides epochs.'),
  learningRate: z.number().positive().max(1).default(2e-4),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('cosine'),
  warmupRatio: z.number().min(0).max(1).default(0.05),
  weightDecay: z.number().min(0).max(1).default(0),
  maxGradientNorm: z.number().positive().default(1),
  seed: z.int().min(0).max(2 ** 32 - 1).default(1),
  order: z.enum(['shuffle', 'file']).default('shuffle'),
  dtype: z.enum(['bfloat16', 'float32']).default('bfloat16'),
});
export type TrainSpec = z.infer<typeof TrainSpec>;

export const train = defineStepKind({
  name: 'train',
  description: 'Tunes a model on a dataset.',
  owner: 'trainer',
  spec: TrainSpec,
  references: { model: 'model', dataset: 'dataset' },
  outputs: { adapter: 'adapter', model: 'model' },
  events: defineJobEvents('train', 'trainer', TrainSpec, 'Completed means that the adapter (LoRA) or the model (full) is stored and finite; it does not mean that it was evaluated.'),
  cacheable: true,
});
