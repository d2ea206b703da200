import type { RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { ModelConfigError } from '../model-config-error.js';
import { noAttentionDropout, paddingToken, parseConfig } from '../parse-config.js';
import { publishedRotary, RopeDictionary } from '../rope-config.js';

/** Keys of published Mixtral configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {
  router_aux_loss_coef: 'weighs a training loss that output_router_logits asks for',
};

const count = z.int().positive();

const MixtralSchema = z.strictObject({
  vocab_size: count.default(32_000),
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish().default(8),
  head_dim: count.nullish(),
  hidden_act: z.literal('silu').default('silu'),
  max_position_embeddings: count.default(131_072),
  rms_norm_eps: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(false),
  pad_token_id: paddingToken.default(null),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: RopeDictionary.nullish(),
  rope_parameters: RopeDictionary.nullish(),
  attention_dropout: noAttentionDropout,
  sliding_window: count.nullish(),
  num_local_experts: count.default(8),
  num_experts_per_tok: count.default(2),
  output_router_logits: z.literal(false, { error: 'expected false: it adds a loss that balances the experts, which is not computed here' }).optional(),
  router_jitter_noise: z.literal(0, { error: 'expected 0: noise before the router is not computed here' }).optional(),
});

/** MixtralForCausalLM: Mixtral 8x7B and 8x22B. Fields keep their published names. */
export interface MixtralConfig {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  max_position_embeddings: number;
  rms_norm_eps: number;
  tie_word_embeddings: boolean;
  /** Whose row of the embedding learns nothing by being read. */
  pad_token_id: number | null;
  /** A token sees itself and the `sliding_window - 1` tokens before it; null: everything before it. */
  sliding_window: number | null;
  num_local_experts: number;
  /** How many of the experts compute for each token. */
  num_experts_per_tok: number;
  /** From rope_theta and rope_scaling, or from rope_parameters. */
  rotary: RotarySettings;
}

export function parseMixtralConfig(json: unknown): MixtralConfig {
  const {
    rope_theta,
    rope_scaling,
    rope_parameters,
    num_key_value_heads,
    head_dim,
    sliding_window,
    hidden_act: _silu,
    attention_dropout: _zero,
    output_router_logits: _false,
    router_jitter_noise: _none,
    ...rest
  } = parseConfig('mixtral', MixtralSchema, ignored, json);

  const keyValueHeads = num_key_value_heads ?? rest.num_attention_heads;
  if (rest.num_attention_heads % keyValueHeads !== 0) refuse(`num_attention_heads (${rest.num_attention_heads}) must be a multiple of num_key_value_heads (${keyValueHeads})`);
  const headDim = head_dim ?? rest.hidden_size / rest.num_attention_heads;
  if (!Number.isInteger(headDim)) refuse(`hidden_size (${rest.hidden_size}) must be a multiple of num_attention_heads (${rest.num_attention_heads}) where head_dim is absent`);
  if (rest.num_experts_per_tok > rest.num_local_experts) refuse(`num_experts_per_tok (${rest.num_experts_per_tok}) must not be more than num_local_experts (${rest.num_local_experts})`);
  if (headDim % 2 !== 0) refuse(`head_dim (${headDim}) must be even: rotations turn pairs of numbers`);

  return {
    ...rest,
    num_key_value_heads: keyValueHeads,
    head_dim: headDim,
    sliding_window: sliding_window ?? null,
    rotary: publishedRotary({ rope_theta, rope_scaling, rope_parameters }, { theta: 1_000_000, maxPositionEmbeddings: rest.max_position_embeddings }, refuse),
  };
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a mixtral model cannot be served: ${problem}.`, facts: { family: 'mixtral', problems: [problem] } });
}
