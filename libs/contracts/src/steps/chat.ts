import { z } from 'zod';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';
import { adapterFits, adapterMisfit, dtypeFits, dtypeMisfit, targetAdapter, targetOf, targetReferences, targetSettings } from './target.js';

export const ChatMessage = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
export type ChatMessage = z.infer<typeof ChatMessage>;

export const ChatSpec = z.strictObject({
  ...targetSettings,
  adapter: targetAdapter,
  messages: z.array(ChatMessage).min(1),
  maxNewTokens: z.int().min(1).max(32_768).default(256),
  temperature: z.number().min(0).max(5).default(0).describe('0 is greedy.'),
  topP: z.number().gt(0).max(1).default(1),
  seed: z.int().min(0).max(2 ** 32 - 1).default(1),
  dtype: z.enum(['bfloat16', 'float32']).default('bfloat16').describe('What the weights of a model of the registry are computed in, and of a folder with packed linears.'),
})
  .refine((spec) => targetOf(spec) !== undefined, { path: ['model'], error: 'expected one of model, gguf, onnx, hf and files; got none or several' })
  .refine(adapterFits, adapterMisfit)
  .refine(dtypeFits, dtypeMisfit);
export type ChatSpec = z.infer<typeof ChatSpec>;

export const chat = defineStepKind({
  name: 'chat',
  description: 'Answers a conversation; the metrics hold `text` and `tokenIds`.',
  owner: 'evaluator',
  spec: ChatSpec,
  references: { ...targetReferences, adapter: 'adapter' },
  outputs: {},
  events: defineJobEvents('chat', 'evaluator', ChatSpec, 'Completed means that the answer ended, by an end token or by the limit.'),
  cacheable: false,
});
