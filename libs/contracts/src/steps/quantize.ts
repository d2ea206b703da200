import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

/** As `ggufFileTypes` of the quantization library. */
const ggufTargets = [
  'gguf/q8_0', 'gguf/q4_k_m', 'gguf/q4_k_s', 'gguf/q5_k_m', 'gguf/q5_k_s', 'gguf/q3_k_l', 'gguf/q3_k_m', 'gguf/q3_k_s', 'gguf/q2_k', 'gguf/q6_k',
  'gguf/q4_0', 'gguf/q4_1', 'gguf/q5_0', 'gguf/q5_1', 'gguf/iq4_nl', 'gguf/f16', 'gguf/bf16', 'gguf/f32',
] as const;

/** As `onnxDataTypes` of the quantization library. */
const onnxTargets = ['onnx/int4', 'onnx/int8', 'onnx/fp16', 'onnx/fp32'] as const;

/** As `hfTargets` of the quantization library. */
const hfTargets = ['hf/rtn-int4', 'hf/rtn-int8', 'hf/gptq-int4', 'hf/gptq-int8', 'hf/gptq-int3', 'hf/awq-int4', 'hf/hqq-int4', 'hf/w8a8'] as const;

export const QuantizationTarget = z.enum([...ggufTargets, ...onnxTargets, ...hfTargets]);
export type QuantizationTarget = z.infer<typeof QuantizationTarget>;

/** What transformers.js appends to the name of a graph. */
const onnxSuffixes: Readonly<Record<string, string>> = { int4: '_q4', int8: '_int8', fp16: '_fp16', fp32: '' };

/** Where a target lies among the files that the step makes: the file that opens it, and, behind it, that of an encoder-decoder where it is called otherwise. One of them is there. */
export function quantizedFilesOf(target: QuantizationTarget): readonly [string, ...string[]] {
  const [kind, type = ''] = target.split('/');
  if (kind === 'hf') return [`${type}/config.json`];
  if (kind === 'gguf') return [`model-${type}.gguf`];
  return [`onnx/model${onnxSuffixes[type]}.onnx`, `onnx/decoder_model_merged${onnxSuffixes[type]}.onnx`];
}

/** What the targets `hf/…` leave open; each has its own defaults. */
export const HfOptions = z.strictObject({
  format: z.enum(['compressed-tensors', 'gptq']).optional().describe('How packed weights are stored: compressed-tensors, or the checkpoint format of AutoGPTQ (version 1).'),
  groupSize: z.union([z.literal(0), z.literal(32), z.literal(64), z.literal(128), z.literal(256)]).optional().describe('Columns that share a scale; 0: all of a row. Where they do not divide a row, smaller ones.'),
  symmetric: z.boolean().optional().describe('false: each group has a zero point.'),
  actOrder: z.enum(['none', 'static', 'group']).optional().describe('Of GPTQ: columns as they stand; those that see most first, with the groups of the file (the default); or with groups in that order, which clients follow by a list (desc_act; format gptq).'),
  damping: z.number().positive().max(1).optional().describe('Of GPTQ: the share of the mean of its diagonal that is added to the Hessian; 0.01 unless told otherwise, 0.1 with compensate.'),
  alpha: z.number().min(0).max(1).optional().describe('Of w8a8 (SmoothQuant): how much of the range of inputs moves into the weights; 0.5 unless told otherwise.'),
  memory: z.number().positive().optional().describe('The most memory that calibrating may take, in GiB; rows that do not fit are left out. 8 unless told otherwise.'),
});
export type HfOptions = z.infer<typeof HfOptions>;

/** What compensating GGUF files leaves open; each has its own default. */
export const CompensateOptions = z.strictObject({
  damping: z.number().positive().max(1).optional().describe('The share of the mean of its diagonal that is added to the Hessian; 0.1 unless told otherwise.'),
  memory: z.number().positive().optional().describe('The most memory that reading the rows may take, in GiB; rows that do not fit are left out. 8 unless told otherwise.'),
});
export type CompensateOptions = z.infer<typeof CompensateOptions>;

/** Whether a target is compensated: GGUF files with blocks, and GPTQ. */
function takesCompensation(target: QuantizationTarget): boolean {
  return isGguf(target) ? !['gguf/f32', 'gguf/f16', 'gguf/bf16'].includes(target) : isOf(target, ['gptq']);
}

/** Options of targets hf/… that not all of them have. */
const optionsOfMethods: Readonly<Partial<Record<keyof HfOptions, readonly string[]>>> = { actOrder: ['gptq'], damping: ['gptq'], alpha: ['w8a8'], memory: ['gptq', 'awq', 'w8a8'] };

/** Whether one of the targets hf/… has an option of them. */
export function takesHfOption(to: readonly string[], option: keyof HfOptions): boolean {
  const methods = optionsOfMethods[option] ?? [''];
  return to.some((target) => isOf(target, methods));
}

const isOf = (target: string, methods: readonly string[]): boolean => methods.some((method) => target.startsWith(`hf/${method}`));
const looksAtRows = (target: QuantizationTarget): boolean => isOf(target, optionsOfMethods.memory!);
const isGguf = (target: QuantizationTarget): boolean => target.startsWith('gguf/');

/** What says nothing about any of the targets would be passed over: it is refused, before anything is computed. */
export const QuantizeSpec = z
  .strictObject({
    model: ArtifactRef,
    to: z.array(QuantizationTarget).min(1),
    questions: z.array(z.string().min(1)).default([]).describe('Asked of each file by the runtime that loads it; the answers stand in the metrics. None: a question of ours, or how a text goes on where the model has no chat template.'),
    dataset: ArtifactRef.optional().describe('Held-out rows for the perplexity of each file and its KL divergence from the model; none: a short text of ours, which decides nothing.'),
    tag: z.string().min(1).optional().describe('Which held-out rows: those with this tag.'),
    calibration: ArtifactRef.optional().describe('Rows to train on, of which the model is shown some: what goes through its linears says which columns matter (the importance matrix of GGUF; what GPTQ, AWQ and SmoothQuant look at).'),
    compensate: z.boolean().or(CompensateOptions).optional().describe('GGUF files whose linears are rounded column by column, each making up for what those before it and the layers before its own have lost (GPTQ with error propagation), as the rows to calibrate on say; the files are as large and are read as any other. Embeddings and the output head are rounded plainly. Of targets hf/gptq-…: layers make up for those before them too; their damping and memory are those below hf.'),
    importance: ArtifactRef.optional().describe('An importance matrix instead of rows to calibrate on: GGUF files of an earlier quantize that had some, or a file of llama-imatrix.'),
    adapter: ArtifactRef.optional().describe('A LoRA of the model: written as a GGUF adapter, which llama.cpp applies to the files. Everything is proved with it then. For GGUF targets.'),
    hf: HfOptions.optional(),
  })
  .refine(({ compensate, calibration }) => !compensate || calibration !== undefined, { path: ['compensate'], error: 'expected calibration beside it, a dataset whose rows the model is shown; an importance matrix does not say enough' })
  .refine(({ compensate, calibration, importance }) => !compensate || calibration === undefined || importance === undefined, { path: ['importance'], error: 'expected none beside compensate, whose files are rounded as the rows to calibrate on say' })
  .refine(({ compensate, to }) => !compensate || to.some(takesCompensation), { path: ['compensate'], error: 'expected a GGUF target with blocks beside it, such as gguf/q4_k_m, or hf/gptq-…' })
  .refine(({ tag, dataset }) => tag === undefined || dataset !== undefined, { path: ['tag'], error: 'expected the dataset whose held-out rows it chooses; got none' })
  .refine(({ calibration, importance, to }) => calibration === undefined || importance === undefined || to.some(looksAtRows), { path: ['importance'], error: 'expected rows to calibrate on or an importance matrix; got both' })
  .refine(({ calibration, to }) => calibration !== undefined || !to.some(looksAtRows), { path: ['calibration'], error: 'expected rows to train on, which gptq, awq and w8a8 look at; got none' })
  .refine(({ calibration, to }) => calibration === undefined || to.some((target) => isGguf(target) || looksAtRows(target)), { path: ['calibration'], error: 'expected a target that is made by looking at rows: a GGUF file, or hf/ with gptq, awq or w8a8; got none' })
  .refine(({ importance, to }) => importance === undefined || to.some(isGguf), { path: ['importance'], error: 'expected a GGUF file, whose errors it weighs; got none' })
  .refine(({ adapter, to }) => adapter === undefined || to.every(isGguf), { path: ['adapter'], error: 'expected GGUF files alone; got other targets too, into whose model the adapter has to be merged first' })
  .refine(({ hf, to }) => hf === undefined || to.some((target) => target.startsWith('hf/')), { path: ['hf'], error: 'expected a target hf/…, which these options are of; got none' })
  .superRefine(({ hf = {}, to }, { addIssue }) => {
    for (const [option, methods] of Object.entries(optionsOfMethods)) {
      if (hf[option as keyof HfOptions] === undefined || !to.some((target) => target.startsWith('hf/')) || takesHfOption(to, option as keyof HfOptions)) continue;
      addIssue({ code: 'custom', path: ['hf', option], message: `expected a target that has such an option, hf/ with ${methods.join(' or ')}; got none` });
    }
  });
export type QuantizeSpec = z.infer<typeof QuantizeSpec>;

export const quantize = defineStepKind({
  name: 'quantize',
  description: 'Writes smaller files that real runtimes load, and checks each by loading it.',
  owner: 'quantizer',
  spec: QuantizeSpec,
  references: { model: 'model', dataset: 'dataset', calibration: 'dataset', importance: 'gguf', adapter: 'adapter' },
  outputs: { gguf: 'gguf', onnx: 'onnx', hf: 'hf' },
  events: defineJobEvents('quantize', 'quantizer', QuantizeSpec, 'Completed means that every file was loaded by its runtime (node-llama-cpp, onnxruntime-node; Hugging Face folders: our own) and answered; it does not mean that the answers are good.'),
  cacheable: true,
  // 1: compensated files make up for what the layers before have lost. 2: so do folders of GPTQ beside them.
  revision: 2,
});
