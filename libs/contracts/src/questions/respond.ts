import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineQuestion } from './question.js';

/** Where a model is, and what computes it. */
export const ServedModel = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('model'), artifact: ArtifactRef, adapter: ArtifactRef.optional(), dtype: z.enum(['bfloat16', 'float32']) }).describe('Its own weights, on our own library, with an adapter beside them where there is one.'),
  z.strictObject({ kind: z.literal('file'), artifact: ArtifactRef, file: z.string().min(1), adapter: ArtifactRef.optional(), dtype: z.enum(['bfloat16', 'float32']).optional() }).describe('A GGUF file in llama.cpp, an ONNX graph in onnxruntime, or by its config.json a folder with packed linears on our own library, inside the artifact. `adapter`: one of its model, beside a GGUF file. `dtype`: what packed linears are decoded into; bfloat16 unless told otherwise.'),
]);
export type ServedModel = z.infer<typeof ServedModel>;

/** A message and a tool as chat templates know them. */
const Templated = z.looseObject({ role: z.string(), content: z.string().nullable().optional() });

export const RespondQuestion = z.strictObject({
  model: ServedModel,
  prompt: z.union([
    z.strictObject({ messages: z.array(Templated).min(1), tools: z.array(z.record(z.string(), z.unknown())).optional() }),
    z.strictObject({ text: z.string() }),
    z.strictObject({ tokenIds: z.array(z.int().nonnegative()) }),
  ]),
  maxNewTokens: z.int().nonnegative().optional().describe('Default: as many as the model has room for. 0 only scores an echoed prompt.'),
  temperature: z.number().min(0).max(5),
  topP: z.number().gt(0).max(1),
  seed: z.int().min(0).max(2 ** 32 - 1),
  stop: z.array(z.string().min(1)).max(16),
  topTokens: z.int().min(0).max(20).optional().describe('Log-probabilities of the tokens, and of so many of the likeliest in their place.'),
  echo: z.boolean().default(false),
});
export type RespondQuestion = z.infer<typeof RespondQuestion>;

const likely = { text: z.string(), bytes: z.array(z.int().min(0).max(255)) };

export const RespondedToken = z.strictObject({ ...likely, logProb: z.number().nullable(), top: z.array(z.strictObject({ ...likely, logProb: z.number() })) });
export type RespondedToken = z.infer<typeof RespondedToken>;

export const RespondPiece = z.strictObject({ text: z.string(), tokens: z.array(RespondedToken) });
export type RespondPiece = z.infer<typeof RespondPiece>;

export const RespondAnswer = z.strictObject({
  finish: z.enum(['stop', 'length', 'tool_calls']),
  calls: z.array(z.strictObject({ name: z.string(), arguments: z.string() })).optional().describe('With `tool_calls`: what is called of the tools that were offered; arguments as JSON.'),
  promptTokens: z.int().nonnegative(), newTokens: z.int().nonnegative(),
});
export type RespondAnswer = z.infer<typeof RespondAnswer>;

export const respond = defineQuestion({
  subject: 'respond.asked.v1', owner: 'evaluator', question: RespondQuestion, piece: RespondPiece, answer: RespondAnswer,
  description: 'Asked by the registry for a client of its OpenAI-compatible routes; the evaluator keeps the model warm. A queue that is full refuses at once (`too-many-requests`).',
});
