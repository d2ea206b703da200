import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { Name } from '../ids.js';
import { defineStepKind } from './step-kind.js';
import { adapterFits, adapterMisfit, dtypeFits, dtypeMisfit, targetAdapter, targetOf, targetReferences, targetSettings } from './target.js';
import { TeacherAddress } from './teacher.js';

/**
 * `exact-match`: greedy answers to the held-out rows of a dataset, right where the row's `expect` text occurs in the answer.
 * `qa`: greedy answers compared with `expect`, or with what the assistant says in the row, by the metrics named.
 * `loss`: mean cross-entropy of the assistant tokens of held-out rows; with `against`, also the relative increase.
 * `judge`: another model judges the answers to all questions of held-out rows, in turn: `grade`, or `win_rate`, and `no_verdict` for replies out of form.
 */
export const EvaluationTask = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exact-match'), name: Name, tag: z.string().min(1).describe('Which held-out rows: those with this tag.'), maxNewTokens: z.int().min(1).max(4096).default(48) }),
  z.strictObject({ kind: z.literal('loss'), name: Name, tag: z.string().min(1) }),
  z.strictObject({
    kind: z.literal('qa'),
    name: Name,
    tag: z.string().min(1),
    maxNewTokens: z.int().min(1).max(4096).default(48),
    metrics: z.array(z.enum(['exact_match', 'f1', 'contains', 'rouge1', 'rouge2', 'rougeL', 'bleu'])).min(1).default(['exact_match', 'f1', 'contains']),
  }),
  z.strictObject({
    kind: z.literal('judge'), name: Name, tag: z.string().min(1),
    mode: z.enum(['single', 'pairwise']).default('single').describe('Grades from 1 to 10, or which of two answers is better: that of `against`, else that of the row, in both orders.'),
    reference: z.boolean().default(false).describe('Shows the judge the answers of the rows as right ones.'),
    maxNewTokens: z.int().min(1).max(8192).default(512).describe('Longest answer to each question of a row.'),
  }),
]);
export type EvaluationTask = z.infer<typeof EvaluationTask>;

export const EvaluateSpec = z
  .strictObject({
    ...targetSettings,
    address: TeacherAddress.optional().describe('A server that speaks the protocol of OpenAI. It is asked in its own words. What it answers is kept, item by item, under its address and what it calls the model; `fresh` where another stands behind that.'),
    template: ArtifactRef.optional().describe('Of an address: a model that reads conversations as the one there does. Its chat template writes them where texts are asked: for tasks of the kind `loss`, and with `applyChatTemplate`.'),
    fresh: z.boolean().default(false).describe('Of an address: it is asked again what it has answered before.'),
    adapter: targetAdapter,
    against: ArtifactRef.optional().describe('The model to compare with on the same items, such as the one in production: `against_METRIC`, `METRIC_difference` with `_stderr`, `_low`, `_high` (95 %) and `_p`.'),
    dataset: ArtifactRef.optional().describe('Held-out rows of `tasks`: those of the validation split.'),
    tasks: z.array(EvaluationTask).default([]),
    definitions: ArtifactRef.optional().describe('Imported tasks; all of them are done.'),
    judge: ArtifactRef.optional().describe('The model that judges, where a task has answers judged.'),
    judgeAddress: TeacherAddress.optional().describe('A server that judges in its place.'),
    judgeNewTokens: z.int().min(1).max(8192).default(512).describe('Longest reply of the judge.'),
    limit: z.int().min(1).optional().describe('The most documents of each task.'),
    numFewshot: z.int().min(0).max(1000).optional().describe('Examples before each question, in place of what the tasks say.'),
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(1234).describe('Of examples that are drawn, and of sampled answers.'),
    applyChatTemplate: z.boolean().default(false),
    fewshotAsTurns: z.boolean().default(true).describe('With the chat template: examples as turns of the conversation, else before the question in its turn.'),
    systemInstruction: z.string().min(1).optional(),
    batch: z.int().min(1).max(4096).optional().describe('The most rows that go through the model at once; changes nothing but the time.'),
    dtype: z.enum(['bfloat16', 'float32', 'model']).default('bfloat16').describe('What the weights are computed in; `model`: in what the folder stores them.'),
  })
  .refine((spec) => (targetOf(spec) !== undefined) !== (spec.address !== undefined), { path: ['model'], error: 'expected one of model, gguf, onnx, hf, files and address; got none or several' })
  .refine(({ fresh, address }) => !fresh || address !== undefined, { path: ['fresh'], error: 'expected an address beside it; the answers of a model of the registry stay what they are' })
  .refine(({ template, address }) => template === undefined || address !== undefined, { path: ['template'], error: 'expected an address beside it; a model of the registry has its own' })
  .refine(adapterFits, adapterMisfit)
  .refine(dtypeFits, dtypeMisfit)
  .refine(({ tasks, definitions }) => tasks.length > 0 || definitions !== undefined, { path: ['tasks'], error: 'expected tasks or definitions; got neither' })
  .refine(({ numFewshot, definitions }) => numFewshot === undefined || definitions !== undefined, { path: ['numFewshot'], error: 'expected definitions, whose prompts show examples; got none' })
  .refine(({ applyChatTemplate, definitions }) => !applyChatTemplate || definitions !== undefined, { path: ['applyChatTemplate'], error: 'expected definitions, whose prompts it writes as conversations; got none' })
  .refine(({ systemInstruction, definitions }) => systemInstruction === undefined || definitions !== undefined, { path: ['systemInstruction'], error: 'expected definitions, before whose prompts it stands; got none' })
  .refine(({ tasks, dataset }) => tasks.length === 0 || dataset !== undefined, { path: ['dataset'], error: 'expected the dataset whose rows the tasks ask; got none' })
  .refine(({ judge, judgeAddress }) => judge === undefined || judgeAddress === undefined, { path: ['judge'], error: 'expected at most one of judge and judgeAddress' })
  .refine(({ tasks, judge, judgeAddress }) => !tasks.some(({ kind }) => kind === 'judge') || judge !== undefined || judgeAddress !== undefined, { path: ['judge'], error: 'expected judge or judgeAddress for tasks whose answers are judged; got neither' });
export type EvaluateSpec = z.infer<typeof EvaluateSpec>;

export const evaluate = defineStepKind({
  name: 'evaluate',
  description: 'Scores a model on tasks; the metrics are named TASK.METRIC.',
  owner: 'evaluator',
  spec: EvaluateSpec,
  references: { ...targetReferences, adapter: 'adapter', template: 'model', against: 'model', judge: 'model', dataset: 'dataset', definitions: 'tasks' },
  outputs: { evaluation: 'evaluation' },
  events: defineJobEvents('evaluate', 'evaluator', EvaluateSpec, 'Completed means that every item of every task was scored; it does not mean that the scores are good.'),
  cacheable: true,
});
