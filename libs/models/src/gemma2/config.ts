import type { RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { ModelConfigError } from '../model-config-error.js';
import { noAttentionDropout, paddingToken, parseConfig } from '../parse-config.js';
import { publishedRotary, RopeDictionary } from '../rope-config.js';

/** Keys of published Gemma 2 configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {
  hidden_act: 'the first name of hidden_activation, which stands beside it and decides',
  sliding_window_size: 'the first name of sliding_window, which stands beside it and decides',
};

const count = z.int().positive();
const LayerType = z.enum(['sliding_attention', 'full_attention']);
export type LayerType = z.infer<typeof LayerType>;

const Gemma2Schema = z.strictObject({
  vocab_size: count.default(256_000),
  hidden_size: count.default(2304),
  intermediate_size: count.default(9216),
  num_hidden_layers: count.default(26),
  num_attention_heads: count.default(8),
  num_key_value_heads: count.default(4),
  head_dim: count.default(256),
  hidden_activation: z.literal('gelu_pytorch_tanh').default('gelu_pytorch_tanh'),
  max_position_embeddings: count.default(8192),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(true),
  pad_token_id: paddingToken.default(0),
  attention_bias: z.boolean().default(false),
  attention_dropout: noAttentionDropout,
  query_pre_attn_scalar: z.number().positive().default(256),
  sliding_window: count.nullable().default(4096),
  layer_types: z.array(LayerType).nullish(),
  final_logit_softcapping: z.number().positive().nullable().default(30),
  attn_logit_softcapping: z.number().positive().nullable().default(50),
  use_bidirectional_attention: z.literal(false, { error: 'expected false: this is a causal language model' }).nullish(),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: RopeDictionary.nullish(),
  rope_parameters: RopeDictionary.nullish(),
});

/** Gemma2ForCausalLM. Fields keep their published names. */
export interface Gemma2Config {
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
  attention_bias: boolean;
  /** Scores are divided by its square root, not by that of head_dim. */
  query_pre_attn_scalar: number;
  /** In sliding layers a token sees itself and the `sliding_window - 1` tokens before it; null: everything before it, there too. */
  sliding_window: number | null;
  /** One per layer. */
  layer_types: readonly LayerType[];
  /** Logits x become cap · tanh(x / cap); null: as they are. */
  final_logit_softcapping: number | null;
  /** The same of scores, before the softmax. */
  attn_logit_softcapping: number | null;
  /** From rope_theta and rope_scaling, or from rope_parameters. */
  rotary: RotarySettings;
}

export function parseGemma2Config(json: unknown): Gemma2Config {
  const {
    rope_theta,
    rope_scaling,
    rope_parameters,
    layer_types,
    hidden_activation: _gelu,
    attention_dropout: _zero,
    use_bidirectional_attention: _false,
    ...rest
  } = parseConfig('gemma2', Gemma2Schema, ignored, json);

  if (rest.num_attention_heads % rest.num_key_value_heads !== 0) {
    refuse(`num_attention_heads (${rest.num_attention_heads}) must be a multiple of num_key_value_heads (${rest.num_key_value_heads})`);
  }
  if (rest.head_dim % 2 !== 0) refuse(`head_dim (${rest.head_dim}) must be even: rotations turn pairs of numbers`);
  if (layer_types && layer_types.length !== rest.num_hidden_layers) refuse(`layer_types names ${layer_types.length} layers, num_hidden_layers says ${rest.num_hidden_layers}`);

  return {
    ...rest,
    // Where layer_types is absent, every second layer sees everything, beginning with the second.
    layer_types: layer_types ?? Array.from({ length: rest.num_hidden_layers }, (_, index) => (index % 2 === 0 ? 'sliding_attention' : 'full_attention')),
    rotary: publishedRotary({ rope_theta, rope_scaling, rope_parameters }, { theta: 10_000, maxPositionEmbeddings: rest.max_position_embeddings }, refuse),
  };
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a gemma2 model cannot be served: ${problem}.`, facts: { family: 'gemma2', problems: [problem] } });
}
