import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { DomainShares, DomainWeights, sharesFit, sharesProblem } from './domain-shares.js';
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

/** How weights answer to losses. What is said to be unconfirmed stands in no part of the paper that could be read. */
const update = {
  update: z.enum(['multiplicative', 'exponential']).default('multiplicative').describe("multiplicative: P (1 + sigma gamma), the paper's by memory, unconfirmed; exponential: P exp(score), the released code's."),
  sigma: z.number().min(0).default(0.5).describe('Of multiplicative; unconfirmed.'),
  score: z.enum(['ratio', 'difference', 'loss']).default('ratio').describe("Of exponential: (l - l_ref) / l, which a comment of the released code calls official; l - l_ref, what it computes; l, what its script uses."),
};
export const DomainSchedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed') }),
  z.strictObject({ kind: z.literal('fostering'), ...update }),
  z.strictObject({
    kind: z.literal('expansion'),
    target: z.string().min(1).describe('The domain that grows.'),
    ...update,
    delta: z.number().gt(0).lt(1).default(0.1).describe("What its share grows by at an evaluation; unconfirmed."),
    epsilon: z.number().min(0).default(1).describe("It grows while the others' mean forgetting is below epsilon times its potential; unconfirmed."),
    hold: z.enum(['keep', 'reweighted']).default('keep').describe('Its share where it does not grow: as it was, or as the update has it (versions of the paper differ, by memory).'),
    limit: z.number().gt(0).lt(1).default(0.95).describe('The most that it may get; ours.'),
  }),
]);
export const TrainingDomains = z.strictObject({
  names: z.array(z.string().min(1)).min(1).optional().describe('The tags that take part; absent: those with a weight or a share, of uniform every tag.'),
  weights: DomainWeights.default('uniform').describe('What each domain gets of the first round: uniform, detected, inverse, or given.'),
  shares: DomainShares.optional().describe('In place of a detection.'),
  schedule: DomainSchedule.prefault({ kind: 'fixed' }).describe('What becomes of the weights at every evaluation (VersaTune): nothing, adaptive multi-ability fostering, or flexible domain expansion.'),
  roundTokens: z.int().min(1).optional().describe('Tokens between two evaluations; absent: as many rows as the steps hold.'),
  replacement: z.enum(['when-needed', 'always', 'never']).default('when-needed').describe('Whether a row may come twice in a round.'),
  heldOutRows: z.int().min(1).optional().describe('Held-out rows of a domain that an evaluation uses at most.'),
  referenceLosses: z.record(z.string().min(1), z.number().min(0)).optional().describe('What the held-out loss of each domain could come down to. Without it, a reference model and reports of trainings, it is that of the untuned model, which only the exponential update can go by.'),
});

/** Whether a schedule goes by the learnable potential, which is nothing in a domain that is better than its reference. */
export function needsReferences(schedule: { readonly kind: string; readonly update?: string | undefined } | undefined): boolean {
  return schedule?.kind === 'expansion' || (schedule?.kind === 'fostering' && schedule.update !== 'exponential');
}

export const TrainSpec = z.strictObject({
  model: ArtifactRef,
  adapter: ArtifactRef.optional().describe('A LoRA adapter of the model whose weights are the start: of the same rank, scaling and targets as the method asks for.'),
  dataset: ArtifactRef,
  teacher: ArtifactRef.optional().describe('The model whose distributions `distill` learns.'),
  domains: TrainingDomains.optional().describe('Rows come from domains by weight; absent: all rows, pass by pass.'),
  detection: ArtifactRef.optional().describe('Of domains: what a detect step found, for the weights detected and inverse.'),
  referenceModel: ArtifactRef.optional().describe('Of domains: a model of the same vocabulary whose held-out losses are the references.'),
  referenceReports: z.array(ArtifactRef).min(1).optional().describe('Of domains: reports of trainings with the same domains; the least held-out loss of each domain is its reference.'),
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
  .refine(({ domains, evaluateEvery }) => domains === undefined || evaluateEvery !== undefined, { path: ['evaluateEvery'], error: 'expected the steps of a round beside domains; got none' })
  .refine(({ domains, detection, referenceModel, referenceReports }) => domains !== undefined || [detection, referenceModel, referenceReports].every((each) => each === undefined), { path: ['domains'], error: 'expected domains beside a detection, a reference model or reports; got none' })
  .refine(({ domains, detection }) => domains === undefined || sharesFit({ ...domains, detection }), { path: ['domains', 'weights'], error: sharesProblem })
  .refine(({ domains, referenceModel, referenceReports }) => [domains?.referenceLosses, referenceModel, referenceReports].filter((each) => each !== undefined).length < 2, { path: ['domains', 'referenceLosses'], error: 'expected one source of reference losses: given, of a model, or of reports' })
  .refine(({ domains, referenceModel, referenceReports }) => !needsReferences(domains?.schedule) || [domains?.referenceLosses, referenceModel, referenceReports].some((each) => each !== undefined), {
    path: ['domains', 'schedule'],
    error: 'expected reference losses beside it (referenceReports of a training with the same domains, a referenceModel, or referenceLosses): against those of the untuned model, the default, a domain that learns has no learnable potential, so no weight would answer to it. The exponential update of fostering does without them',
  })
  .refine(({ adapter, method }) => adapter === undefined || (method.kind === 'lora' && method.initialization === 'zero'), { path: ['method'], error: 'expected lora with initialization zero beside an adapter, whose A and B are the start' })
  .refine(({ teacher, objective }) => teacher === undefined || objective.kind === 'distill', { path: ['teacher'], error: 'expected the objective distill, which learns from a teacher' });
export type TrainSpec = z.infer<typeof TrainSpec>;

export const train = defineStepKind({
  name: 'train',
  description: 'Tunes a model on a dataset.',
  owner: 'trainer',
  spec: TrainSpec,
  references: { model: 'model', adapter: 'adapter', dataset: 'dataset', teacher: 'model', detection: 'report', referenceModel: 'model', referenceReports: 'report' },
  outputs: { adapter: 'adapter', model: 'model', report: 'report' },
  events: defineJobEvents('train', 'trainer', TrainSpec, 'Completed means that the adapter (LoRA) or the model (full) is stored and finite; it does not mean that it was evaluated.'),
  cacheable: true,
  // 1: LISA moves the layers that were drawn with Adafactor and Muon too. 2: reading the padding token teaches its row of the embedding nothing, as in transformers.
  revision: 2,
});
