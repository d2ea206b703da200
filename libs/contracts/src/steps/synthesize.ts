import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { Name } from '../ids.js';
import { defineStepKind } from './step-kind.js';
import { atMostOneJudge, judgeSettings, oneTeacher, teacherReferences, teacherSettings, TeacherSampling } from './teacher.js';

export const SelfReplaySpec = z.strictObject({
  kind: z.literal('self-replay').describe('The model itself answers the rows that leave their answer to it, so that tuning on them guards against forgetting.'),
  model: ArtifactRef,
  dataset: ArtifactRef,
  maxNewTokens: z.int().min(1).max(4096).default(96),
  placeholders: z.record(z.string(), z.string()).default({}).describe('Values for {{NAME}} in the rows, such as the name and maker of an assistant.'),
});
export type SelfReplaySpec = z.infer<typeof SelfReplaySpec>;

const words = (least: number, most: number) => z.strictObject({ least: z.int().min(1).default(least), most: z.int().min(1).default(most) }).refine((range) => range.least <= range.most, { error: 'expected least to be at most most' });

export const SynthesisFilters = z.strictObject({
  instructionWords: words(3, 150).prefault({}),
  responseWords: words(1, 500).prefault({}),
  languages: z.array(z.string().regex(/^[a-z]{3}$/, 'expected an ISO 639-3 code of three letters, such as eng')).min(1).optional().describe('Instructions in other languages are left out; absent: any language.'),
  nearDuplicates: z.number().gt(0).max(1).nullable().default(0.7).describe('Share of common shingles from which an instruction repeats another or a seed; null: only exact repetitions count.'),
  refusals: z.boolean().default(true).describe('Whether answers that decline are left out.'),
});

const answering = {
  name: Name.optional().describe('Registers the result under this name.'),
  ...teacherSettings,
  ...judgeSettings,
  responses: z.strictObject({ ...TeacherSampling.shape, maxNewTokens: TeacherSampling.shape.maxNewTokens.default(256), temperature: TeacherSampling.shape.temperature.default(0), topP: TeacherSampling.shape.topP.default(1) }).prefault({}),
  filters: SynthesisFilters.prefault({}),
  seed: z.int().min(0).max(2 ** 32 - 1).default(1),
  batch: z.int().min(1).max(4096).default(128).describe('Prompts that are asked and stored together.'),
  validationShare: z.number().min(0).lt(1).default(0.05).describe('Part of the rows that is held out, by their question.'),
  dtype: z.enum(['bfloat16', 'float32']).default('bfloat16').describe('What models of the registry are computed in.'),
  encoder: ArtifactRef.optional().describe('A folder with a sentence encoder, as ONNX or a BERT, for the spread of meanings in the report.'),
};

export const InstructionsSpec = z
  .strictObject({
    kind: z.literal('instructions').describe('LaMini: seeds guide a teacher to new instructions, and it answers them.'),
    seeds: ArtifactRef.describe('A dataset; the questions of its rows are shown as examples.'),
    ...answering,
    source: Name.default('synthesized').describe("What the rows' origin and tags call the lot."),
    rows: z.int().min(1).max(10_000_000).default(100),
    mostRequests: z.int().min(1).optional().describe('Requests for instructions, at most; absent: four times what would do if every item were kept, and 16 more.'),
    examples: z.int().min(2).max(16).default(3).describe('Seeds that a request shows: two at least.'),
    items: z.int().min(1).max(100).default(20).describe('New instructions that a request asks for.'),
    longestSeed: z.int().min(20).default(800).describe('Seeds of more characters are never shown.'),
    topics: ArtifactRef.optional().describe('A file of topics: titles, one a line, or categories with subcategories and pages, as JSON lines or CSV.'),
    topicShare: z.number().min(0).max(1).optional().describe('Part of the requests that topics guide; absent: half where there are topics, else none. Without a file the teacher names topics.'),
    topicsPerRequest: z.int().min(1).max(16).default(3),
    topicFilter: z.strictObject({ mostWords: z.int().min(1).default(2), leastSubcategories: z.int().min(0).default(11), leastPages: z.int().min(0).default(51) }).prefault({}),
    instructions: z.strictObject({ ...TeacherSampling.shape, maxNewTokens: TeacherSampling.shape.maxNewTokens.default(1024), temperature: TeacherSampling.shape.temperature.default(1), topP: TeacherSampling.shape.topP.default(0.95) }).prefault({}),
  })
  .refine(oneTeacher, { path: ['teacher'], error: 'expected exactly one of teacher, teacherFile and teacherAddress' })
  .refine(atMostOneJudge, { path: ['judge'], error: 'expected at most one of judge, judgeFile and judgeAddress' });
export type InstructionsSpec = z.infer<typeof InstructionsSpec>;

export const ResponsesSpec = z
  .strictObject({
    kind: z.literal('responses').describe('A teacher answers the questions that a dataset has.'),
    dataset: ArtifactRef,
    ...answering,
    source: Name.default('answered').describe("What the rows' origin and tags call the lot."),
  })
  .refine(oneTeacher, { path: ['teacher'], error: 'expected exactly one of teacher, teacherFile and teacherAddress' })
  .refine(atMostOneJudge, { path: ['judge'], error: 'expected at most one of judge, judgeFile and judgeAddress' });
export type ResponsesSpec = z.infer<typeof ResponsesSpec>;

export const SynthesizeSpec = z.discriminatedUnion('kind', [SelfReplaySpec, InstructionsSpec, ResponsesSpec]);
export type SynthesizeSpec = z.infer<typeof SynthesizeSpec>;

export const synthesize = defineStepKind({
  name: 'synthesize',
  description: 'Makes a dataset of what a model says: its answers to open rows, or new instructions with answers.',
  owner: 'synthesis',
  spec: SynthesizeSpec,
  references: { model: 'model', dataset: 'dataset', seeds: 'dataset', topics: 'upload', encoder: 'upload', ...teacherReferences },
  outputs: { dataset: 'dataset', report: 'report' },
  events: defineJobEvents('synthesize', 'synthesis', SynthesizeSpec, 'Completed means that every row has an answer.'),
  cacheable: true,
});
