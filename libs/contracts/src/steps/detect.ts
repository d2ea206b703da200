import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';
import { TeacherAddress } from './teacher.js';

export const DetectSpec = z
  .strictObject({
    model: ArtifactRef.describe('The model that is asked nothing, and says what it knows.'),
    judge: ArtifactRef.optional().describe('A model that judges by the likelihood of labels; a base model will do.'),
    judgeAddress: TeacherAddress.optional().describe('In place of a judge: a server that is asked for the label.'),
    domains: z
      .record(z.string().min(1), z.array(z.string().min(1)).min(1))
      .refine((domains) => Object.keys(domains).length > 1, 'expected at least two domains')
      .optional()
      .describe("Domains, each with the words that stand for it, {law: [law, court], verse: [verse]}; absent: law, medicine, finance, science, code and other, as in VersaTune."),
    examples: ArtifactRef.optional().describe('A dataset whose tags name domains: from some of its training rows the calibration of the judge is learned. Absent: from texts of our own where the domains are the six, else from texts that say nothing.'),
    examplesOfDomain: z.int().min(2).max(1000).default(16),
    check: ArtifactRef.optional().describe('A dataset whose tags name domains: how often the judge is right on its held-out rows stands in the metrics.'),
    rounds: z.int().min(1).max(100).default(5).describe("The paper's number by memory, unconfirmed."),
    samples: z.int().min(1).max(100_000).default(40).describe('Of a round; the released code takes 10,000 in one.'),
    aggregate: z.enum(['mean-probability', 'hard-label']).default('mean-probability').describe("The mean of the judge's probabilities, as in the paper, or the counts of its likeliest labels, as in the released code."),
    start: z.enum(['bos', 'eos']).default('bos').describe('The token that a sample follows: the one that begins a text (paper), or ends one (released code).'),
    temperature: z.number().min(0).max(5).default(1),
    topP: z.number().gt(0).max(1).default(1),
    repetitionPenalty: z.number().positive().max(10).default(1.1),
    maxNewTokens: z.int().min(1).max(32_768).default(128).describe('Of a sample; the released code lets them run to 16,000.'),
    judgeTokens: z.int().min(8).max(8192).default(96).describe('What the judge reads of a text: its first tokens.'),
    seed: z.int().min(0).max(2 ** 32 - 1).default(1),
    dtype: z.enum(['bfloat16', 'float32']).default('bfloat16'),
  })
  .refine(({ judge, judgeAddress }) => (judge === undefined) !== (judgeAddress === undefined), { path: ['judge'], error: 'expected either judge or judgeAddress' })
  .refine(({ judge, examples }) => examples === undefined || judge !== undefined, { path: ['examples'], error: 'expected a judge that is a model, whose calibration is learned from them' });
export type DetectSpec = z.infer<typeof DetectSpec>;

export const detect = defineStepKind({
  name: 'detect',
  description: 'Finds out which domains a model knows, by what it says when it is asked nothing (VersaTune).',
  owner: 'synthesis',
  spec: DetectSpec,
  references: { model: 'model', judge: 'model', examples: 'dataset', check: 'dataset' },
  outputs: { detection: 'report' },
  events: defineJobEvents('detect', 'synthesis', DetectSpec, 'Completed means that there are shares that sum to one; the metrics say how many samples were judged.'),
  cacheable: true,
});
