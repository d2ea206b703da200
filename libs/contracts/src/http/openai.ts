import { z } from 'zod';

/** Every error answer below /openai, in the shape that clients of OpenAI know. `param` is the key at fault, where one is. */
export const OpenAiError = z.strictObject({ error: z.strictObject({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string().nullable() }) });
export type OpenAiError = z.infer<typeof OpenAiError>;

export const OpenAiModel = z.strictObject({ id: z.string(), object: z.literal('model'), created: z.int().nonnegative(), owned_by: z.string() });
export type OpenAiModel = z.infer<typeof OpenAiModel>;

export const OpenAiModelList = z.strictObject({ object: z.literal('list'), data: z.array(OpenAiModel) });
export type OpenAiModelList = z.infer<typeof OpenAiModelList>;

const text = z.union([z.string(), z.array(z.strictObject({ type: z.literal('text'), text: z.string() })).min(1)], { error: 'expected a text, or a list of parts that are {"type": "text", "text": …}' });

export const OpenAiToolCall = z.strictObject({ id: z.string(), type: z.literal('function'), function: z.strictObject({ name: z.string(), arguments: z.string().describe('JSON.') }) });
export type OpenAiToolCall = z.infer<typeof OpenAiToolCall>;

export const OpenAiMessage = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer']), content: text, name: z.string().optional() }),
  z.strictObject({ role: z.literal('user'), content: text, name: z.string().optional() }),
  // Clients hand an answer back as they got it, with all the keys that they know of one.
  z.strictObject({
    role: z.literal('assistant'), content: text.nullish(), name: z.string().optional(), tool_calls: z.array(OpenAiToolCall).min(1).nullish(),
    refusal: z.null().optional(), annotations: z.array(z.never()).nullish(), audio: z.null().optional(), function_call: z.null().optional(),
  }),
  z.strictObject({ role: z.literal('tool'), content: text, tool_call_id: z.string(), name: z.string().optional() }),
], { error: 'expected a message of the role system, developer, user, assistant or tool' });
export type OpenAiMessage = z.infer<typeof OpenAiMessage>;

/** What both kinds of completion take. What is not here is refused rather than passed over; what changes nothing at its neutral value may be given that. */
const common = {
  model: z.string().min(1).describe('NAME, NAME@ALIAS, NAME:VERSION or sha256:…; behind a +, in the same words, an adapter beside its weights; behind a #, what computes it: gguf/q8_0, onnx/int4, hf/gptq-int4, bfloat16 (the default) or float32; packed linears are computed in float32 by one # more: hf/gptq-int4#float32.'),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().min(0).max(2 ** 32 - 1).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(16)]).nullish(),
  n: z.literal(1).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
  presence_penalty: z.literal(0).nullish(),
  frequency_penalty: z.literal(0).nullish(),
  logit_bias: z.strictObject({}).nullish(),
  user: z.string().nullish().describe('Passed over.'),
  store: z.literal(false).nullish(),
  metadata: z.strictObject({}).nullish(),
  service_tier: z.enum(['auto', 'default']).nullish(),
} as const;

export const ChatCompletionRequest = z.strictObject({
  ...common,
  messages: z.array(OpenAiMessage).min(1),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  tools: z.array(z.strictObject({ type: z.literal('function'), function: z.looseObject({ name: z.string().min(1), strict: z.literal(false).nullish().describe('Arguments are not held to their schema.') }) })).nullish().describe("Shown to the model by its chat template; calls in the answer, in the forms that models write, become `tool_calls`."),
  tool_choice: z.enum(['auto', 'none']).nullish().describe('none: the tools are not shown to the model.'),
  parallel_tool_calls: z.literal(true).nullish(),
  response_format: z.strictObject({ type: z.literal('text') }).nullish(),
  modalities: z.array(z.literal('text')).nullish(),
});
export type ChatCompletionRequest = z.infer<typeof ChatCompletionRequest>;

export const CompletionRequest = z.strictObject({
  ...common,
  prompt: z.union([z.string(), z.array(z.int().nonnegative()).min(1), z.array(z.string()).length(1), z.array(z.array(z.int().nonnegative()).min(1)).length(1)]),
  max_tokens: z.int().min(0).nullish().describe('Default 16. 0, with echo, scores the prompt.'),
  logprobs: z.int().min(0).max(20).nullish(),
  echo: z.boolean().nullish(),
  best_of: z.literal(1).nullish(),
  suffix: z.literal('').nullish(),
});
export type CompletionRequest = z.infer<typeof CompletionRequest>;

const finishReason = z.enum(['stop', 'length']);
const usage = z.strictObject({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() });
const tokenLogProb = { token: z.string(), logprob: z.number(), bytes: z.array(z.int()) };

export const ChatLogProbs = z.strictObject({ content: z.array(z.strictObject({ ...tokenLogProb, top_logprobs: z.array(z.strictObject(tokenLogProb)) })), refusal: z.null() });
export type ChatLogProbs = z.infer<typeof ChatLogProbs>;

export const ChatCompletion = z.strictObject({
  id: z.string(), object: z.literal('chat.completion'), created: z.int(), model: z.string(),
  choices: z.array(z.strictObject({
    index: z.int(), message: z.strictObject({ role: z.literal('assistant'), content: z.string().nullable(), refusal: z.null(), tool_calls: z.array(OpenAiToolCall).optional() }), logprobs: ChatLogProbs.nullable(), finish_reason: z.enum([...finishReason.options, 'tool_calls']),
  })),
  usage,
});
export type ChatCompletion = z.infer<typeof ChatCompletion>;

export const CompletionLogProbs = z.strictObject({
  tokens: z.array(z.string()), token_logprobs: z.array(z.number().nullable()), top_logprobs: z.array(z.record(z.string(), z.number()).nullable()), text_offset: z.array(z.int()),
});
export type CompletionLogProbs = z.infer<typeof CompletionLogProbs>;

export const Completion = z.strictObject({
  id: z.string(), object: z.literal('text_completion'), created: z.int(), model: z.string(),
  choices: z.array(z.strictObject({ index: z.int(), text: z.string(), logprobs: CompletionLogProbs.nullable(), finish_reason: finishReason })),
  usage,
});
export type Completion = z.infer<typeof Completion>;
