import { z } from 'zod';
import { GeluName } from '../gelu.js';
import { ModelConfigError } from '../model-config-error.js';
import { noPadding, parseConfig } from '../parse-config.js';

const dropout = 'dropout of the original training; tuning here has its own';
const summary = 'a head for classification, which a language model does not have';

/** Keys of published GPT-2 configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {
  ...noPadding,
  attn_pdrop: dropout,
  embd_pdrop: dropout,
  resid_pdrop: dropout,
  summary_type: summary,
  summary_use_proj: summary,
  summary_activation: summary,
  summary_proj_to_labels: summary,
  summary_first_dropout: summary,
  n_special: 'how many tokens a task had added to the first GPT-2; the vocabulary says it now',
  predict_special_tokens: 'of the same',
  n_ctx: 'an older name of n_positions, which no implementation reads any more',
};

const count = z.int().positive();

const Gpt2Schema = z.strictObject({
  vocab_size: count.default(50_257),
  n_positions: count.default(1024),
  n_embd: count.default(768),
  n_layer: count.default(12),
  n_head: count.default(12),
  n_inner: count.nullish(),
  activation_function: GeluName.default('gelu_new'),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  reorder_and_upcast_attn: z.boolean().default(false),
  add_cross_attention: z.literal(false, { error: 'expected false: this is a language model without an encoder' }).optional(),
  tie_word_embeddings: z.boolean().default(true),
});

/** GPT2LMHeadModel: GPT-2 and Cerebras-GPT. Fields keep their published names. */
export interface Gpt2Config {
  vocab_size: number;
  /** How many positions have been learned; no row can be longer. */
  n_positions: number;
  n_embd: number;
  n_layer: number;
  n_head: number;
  n_inner: number;
  activation_function: GeluName;
  layer_norm_epsilon: number;
  /** Whether scores are divided by sqrt(headDim). */
  scale_attn_weights: boolean;
  /** Whether the scores of layer i, counted from zero, are divided by i + 1 as well. */
  scale_attn_by_inverse_layer_idx: boolean;
  /** Whether scores are computed in float32 whatever the model's type. */
  reorder_and_upcast_attn: boolean;
  tie_word_embeddings: boolean;
}

export function parseGpt2Config(json: unknown): Gpt2Config {
  const { n_inner, add_cross_attention: _false, ...rest } = parseConfig('gpt2', Gpt2Schema, ignored, json);
  if (rest.n_embd % rest.n_head !== 0) {
    const problem = `n_embd (${rest.n_embd}) must be a multiple of n_head (${rest.n_head})`;
    throw new ModelConfigError({ message: `config.json of a gpt2 model cannot be served: ${problem}.`, facts: { family: 'gpt2', problems: [problem] } });
  }
  return { ...rest, n_inner: n_inner ?? 4 * rest.n_embd };
}
