import type { RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { ModelConfigError } from '../model-config-error.js';
import { noAttentionDropout, paddingToken, parseConfig } from '../parse-config.js';
import { RopeDictionary, rotarySettings } from '../rope-config.js';

/** Keys of published Gemma 3 text configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {};

const count = z.int().positive();
const LayerType = z.enum(['sliding_attention', 'full_attention']);
export type LayerType = z.infer<typeof LayerType>;

const Gemma3Schema = z.strictObject({
  vocab_size: count.default(262_208),
  hidden_size: count.default(2304),
  intermediate_size: count.default(9216),
  num_hidden_layers: count.default(26),
  num_attention_heads: count.default(8),
  num_key_value_heads: count.default(4),
  head_dim: count.default(256),
  hidden_activation: z.literal('gelu_pytorch_tanh').default('gelu_pytorch_tanh'),
  max_position_embeddings: count.default(131_072),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(true),
  pad_token_id: paddingToken.default(0),
  attention_bias: z.boolean().default(false),
  attention_dropout: noAttentionDropout,
  query_pre_attn_scalar: z.number().positive().default(256),
  sliding_window: count.default(4096),
  layer_types: z.array(LayerType).nullish(),
  sliding_window_pattern: count.optional(),
  _sliding_window_pattern: count.optional(),
  final_logit_softcapping: z.number().positive().nullish(),
  attn_logit_softcapping: z.null({ error: 'expected null: the published implementation never applies it, so a value here is ambiguous' }).optional(),
  use_bidirectional_attention: z.literal(false, { error: 'expected false: this is a causal language model' }).nullish(),
  rope_theta: z.number().positive().optional(),
  rope_local_base_freq: z.number().positive().optional(),
  rope_scaling: RopeDictionary.nullish(),
  rope_parameters: z.strictObject({ full_attention: RopeDictionary.nullish(), sliding_attention: RopeDictionary.nullish() }).nullish(),
});

/** Gemma3ForCausalLM, the text model. Fields keep their published names. */
export interface Gemma3Config {
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
  /** In sliding layers a token sees itself and the `sliding_window - 1` tokens before it. */
  sliding_window: number;
  /** One per layer. */
  layer_types: readonly LayerType[];
  final_logit_softcapping: number | null;
  /** Full layers turn slowly, sliding layers fast: two sets of rotations. */
  rotary: Readonly<Record<LayerType, RotarySettings>>;
}

export function parseGemma3Config(json: unknown): Gemma3Config {
  const {
    rope_theta,
    rope_local_base_freq,
    rope_scaling,
    rope_parameters,
    layer_types,
    sliding_window_pattern,
    _sliding_window_pattern,
    final_logit_softcapping,
    hidden_activation: _gelu,
    attention_dropout: _zero,
    attn_logit_softcapping: _null,
    use_bidirectional_attention: _false,
    ...rest
  } = parseConfig('gemma3', Gemma3Schema, ignored, json);

  if (rest.num_attention_heads % rest.num_key_value_heads !== 0) {
    refuse(`num_attention_heads (${rest.num_attention_heads}) must be a multiple of num_key_value_heads (${rest.num_key_value_heads})`);
  }
  if (rest.head_dim % 2 !== 0) refuse(`head_dim (${rest.head_dim}) must be even: rotations turn pairs of numbers`);
  if (rope_scaling && rope_parameters) refuse('rope_scaling and rope_parameters say the same thing: keep one of them');
  if (layer_types && layer_types.length !== rest.num_hidden_layers) refuse(`layer_types names ${layer_types.length} layers, num_hidden_layers says ${rest.num_hidden_layers}`);

  // Where layer_types is absent, every pattern-th layer looks at everything, counting from one.
  const pattern = sliding_window_pattern ?? _sliding_window_pattern ?? 6;
  const typeOf = (index: number): LayerType => ((index + 1) % pattern === 0 ? 'full_attention' : 'sliding_attention');
  const layers = layer_types ?? Array.from({ length: rest.num_hidden_layers }, (_, index) => typeOf(index));

  const full = rope_parameters?.full_attention ?? rope_scaling ?? { rope_type: 'default' };
  const sliding = rope_parameters?.sliding_attention ?? { rope_type: 'default' };
  const maxPositionEmbeddings = rest.max_position_embeddings;
  return {
    ...rest,
    layer_types: layers,
    final_logit_softcapping: final_logit_softcapping ?? null,
    rotary: {
      full_attention: rotarySettings(full, { theta: rope_theta ?? 1_000_000, maxPositionEmbeddings }),
      sliding_attention: rotarySettings(sliding, { theta: rope_local_base_freq ?? 10_000, maxPositionEmbeddings }),
    },
  };
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a gemma3 model cannot be served: ${problem}.`, facts: { family: 'gemma3', problems: [problem] } });
}
