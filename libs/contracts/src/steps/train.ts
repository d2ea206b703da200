import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

const targetModules = z.array(z.string().min(1)).min(1).or(z.literal('all-linear')).default('all-linear');
const patterns = z.array(z.string().min(1)).min(1);

export const LoraMethod = z.strictObject({
  kind: z.literal('lora'),
  rank: z.int().min(1).max(1024).default(8),
  alpha: z.number().positive().default(16).describe('The update is scaled by alpha / rank.'),
  dropout: z.number().min(0).lt(1).default(0),
  targetModules,
  rankStabilized: z.boolean().default(false).describe('rsLoRA: scaled by alpha / sqrt(rank).'),
  decomposed: z.boolean().default(false).describe('DoRA: direction and magnitude learn apart.'),
  initialization: z.enum(['zero', 'pissa', 'olora']).default('zero').describe('How A and B begin: nothing, or from the weight (PiSSA, OLoRA).'),
  learningRateRatio: z.number().positive().default(1).describe('LoRA+: B learns this many times faster than A.'),
  base: z.enum(['as-is', 'int8', 'nf4']).default('as-is').describe('QLoRA: how the frozen linears are held in memory.'),
});
export const AdaLoraMethod = z.strictObject({
  kind: z.literal('adalora'),
  initialRank: z.int().min(1).max(1024).default(12),
  targetRank: z.int().min(1).max(1024).default(8),
  alpha: z.number().positive().default(32),
  dropout: z.number().min(0).lt(1).default(0),
  targetModules,
  warmupRatio: z.number().min(0).max(1).default(0.1).describe('Part of the steps before ranks shrink.'),
  finalRatio: z.number().min(0).max(1).default(0.3).describe('Part of the steps after they have.'),
  interval: z.int().min(1).default(1).describe('Steps between two changes of ranks.'),
  beta1: z.number().min(0).lt(1).default(0.85),
  beta2: z.number().min(0).lt(1).default(0.85),
  orthogonality: z.number().min(0).default(0.5),
});
export const FullMethod = z.strictObject({
  kind: z.literal('full'),
  freeze: patterns.optional().describe('Regular expressions of parameter paths that stay as they are.'),
  train: patterns.optional().describe('Regular expressions: only these learn.'),
});
export const LisaMethod = z.strictObject({ kind: z.literal('lisa'), layers: z.int().min(1).default(2).describe('Layers that learn at a time.'), interval: z.int().min(1).default(20).describe('Steps until others are drawn.') });
export const GaLoreMethod = z.strictObject({ kind: z.literal('galore'), rank: z.int().min(1).default(128), interval: z.int().min(1).default(50), scale: z.number().positive().default(1) });
export const TuningMethod = z.discriminatedUnion('kind', [LoraMethod, AdaLoraMethod, FullMethod, LisaMethod, GaLoreMethod]);
export type TuningMethod = z.infer<typeof TuningMethod>;

const lossScaleRule = z.record(z.string().min(1), z.array(z.number().min(0)).min(1).max(2));
export const TrainingObjective = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sft'), lossScale: z.string().min(1).or(lossScaleRule).default('default').describe("A weight for each token of an answer: default, or one of SWIFT's loss scales, or a rule of one's own.") }),
  z.strictObject({ kind: z.literal('pretrain') }),
  z.strictObject({ kind: z.literal('dpo'), beta: z.number().positive().default(0.1), sftWeight: z.number().min(0).default(0) }),
  z.strictObject({
    kind: z.literal('distill'),
    divergence: z.enum(['forward-kl', 'reverse-kl']).default('forward-kl'),
    temperature: z.number().positive().default(1),
    topK: z.int().min(0).default(0).describe('Teacher tokens kept at each place; 0 for all.'),
    labelShare: z.number().min(0).max(1).default(0.5).describe("Share of the labels' cross-entropy."),
    mixing: z.enum(['hard', 'hard-and-decay', 'soft']).default('hard').describe('Whether that share stays, grows to 1 over the training, or follows how well the teacher knew each row.'),
  }),
]);
export const Optimizer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('adamw'), betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).default([0.9, 0.999]), epsilon: z.number().positive().default(1e-8), weightDecay: z.number().min(0).max(1).default(0) }),
  z.strictObject({ kind: z.literal('adafactor'), weightDecay: z.number().min(0).max(1).default(0) }),
  z.strictObject({ kind: z.literal('muon'), momentum: z.number().min(0).lt(1).default(0.95), weightDecay: z.number().min(0).max(1).default(0) }),
]);

export const TrainSpec = z.strictObject({
  model: ArtifactRef,
  dataset: ArtifactRef,
  teacher: ArtifactRef.optional().describe('The model whose distributions `distill` learns.'),
  method: TuningMethod.prefault({ kind: 'lora' }),
  objective: TrainingObjective.prefault({ kind: 'sft' }),
  optimizer: Optimizer.prefault({ kind: 'adamw' }),
  neftuneAlpha: z.number().min(0).default(0).describe('NEFTune: noise on embeddings; 0 for none.'),
  maxLength: z.int().min(8).max(1_048_576).default(1024).describe('In tokens.'),
  longRows: z.enum(['refuse', 'truncate', 'split', 'drop']).default('refuse').describe('What becomes of rows longer than maxLength.'),
  packing: z.boolean().default(false).describe('Rows are joined to packs of maxLength tokens at most, and batch counts packs. Rows never see each other.'),
  batch: z.int().min(1).max(4096).default(8).describe('Rows (or packs) of one pass.'),
  accumulate: z.int().min(1).max(4096).default(1).describe('Passes per optimizer step.'),
  epochs: z.number().positive().max(1000).default(1),
  steps: z.int().min(1).optional().describe('Optimizer steps; overrides epochs.'),
  learningRate: z.number().positive().max(1).default(2e-4),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('cosine'),
  warmupRatio: z.number().min(0).max(1).default(0.05),
  warmupSteps: z.int().min(0).optional().describe('Overrides warmupRatio.'),
  maxGradientNorm: z.number().positive().default(1),
  seed: z.int().min(0).max(2 ** 32 - 1).default(1),
  order: z.enum(['shuffle', 'file']).default('shuffle'),
  dtype: z.enum(['bfloat16', 'float32']).default('bfloat16'),
  evaluateEvery: z.int().min(1).optional().describe('Steps between evaluations on the validation split.'),
  patience: z.int().min(1).optional().describe('Stops after this many evaluations in a row without a better loss.'),
  keep: z.enum(['last', 'best']).default('last').describe('Which weights are the result.'),
  saveEvery: z.int().min(1).optional().describe('Steps between checkpoints; absent: every few minutes.'),
  plan: z.boolean().default(false).describe('Only says what the training would take, in the metrics: steps, parameters, memory, time.'),
})
  .refine(({ patience, evaluateEvery }) => patience === undefined || evaluateEvery !== undefined, { path: ['patience'], error: 'expected evaluateEvery, whose evaluations it counts; got none' })
  .refine(({ keep, evaluateEvery }) => keep === 'last' || evaluateEvery !== undefined, { path: ['keep'], error: 'expected evaluateEvery, which says what is best; got none' })
  .refine(({ teacher, objective }) => teacher === undefined || objective.kind === 'distill', { path: ['teacher'], error: 'expected the objective distill, which learns from a teacher' });
export type TrainSpec = z.infer<typeof TrainSpec>;

export const train = defineStepKind({
  name: 'train',
  description: 'Tunes a model on a dataset.',
  owner: 'trainer',
  spec: TrainSpec,
  references: { model: 'model', dataset: 'dataset', teacher: 'model' },
  outputs: { adapter: 'adapter', model: 'model', report: 'report' },
  events: defineJobEvents('train', 'trainer', TrainSpec, 'Completed means that the adapter (LoRA) or the model (full) is stored and finite; it does not mean that it was evaluated.'),
  cacheable: true,
});
