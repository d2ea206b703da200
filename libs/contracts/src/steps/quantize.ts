import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const QuantizationTarget = z.enum(['gguf/q8_0', 'gguf/bf16', 'gguf/f16', 'gguf/f32', 'gguf/q4_0', 'onnx/int4', 'onnx/fp32']);
export type QuantizationTarget = z.infer<typeof QuantizationTarget>;

export const QuantizeSpec = z.strictObject({
  model: ArtifactRef,
  to: z.array(QuantizationTarget).min(1),
  questions: z.array(z.string().min(1)).default([]).describe('Asked of each file by the runtime that loads it; the answers stand in the metrics.'),
  dataset: ArtifactRef.optional().describe('Held-out rows for the perplexity of each file.'),
  tag: z.string().min(1).optional().describe('Which held-out rows: those with this tag.'),
});
export type QuantizeSpec = z.infer<typeof QuantizeSpec>;

export const quantize = defineStepKind({
  name: 'quantize',
  description: 'Writes smaller files that real runtimes load, and checks each by loading it.',
  owner: 'quantizer',
  spec: QuantizeSpec,
  references: { model: 'model', dataset: 'dataset' },
  outputs: { gguf: 'gguf', onnx: 'onnx' },
  events: defineJobEvents('quantize', 'quantizer', QuantizeSpec, 'Completed means that every file was loaded by its runtime (node-llama-cpp, onnxruntime-node) and answered; it does not mean that the answers are good.'),
  cacheable: true,
});
