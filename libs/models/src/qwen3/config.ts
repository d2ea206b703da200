import type { RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { ModelConfigError } from '../model-config-error.js';
import { noAttentionDropout, paddingToken, parseConfig } from '../parse-config.js';
import { publishedRotary, RopeDictionary } from '../rope-config.js';
import { windowedLayers, windowKeys, type WindowedLayers } from '../windowed-layers.js';

/** Keys of published Qwen3 configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {};

const count = z.int().positive();

const Qwen3Schema = z.strictObject({
  vocab_size: count.default(151_936),
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.default(128),
  hidden_act: z.literal('silu').default('silu'),
  max_position_embeddings: count.default(32_768),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  pad_token_id: paddingToken.default(null),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: RopeDictionary.nullish(),
  rope_parameters: RopeDictionary.nullish(),
  attention_bias: z.boolean().default(false),
  attention_dropout: noAttentionDropout,
  ...windowKeys,
});

/** Qwen3ForCausalLM: Qwen3 and Qwen3.5. Fields keep their published names. */
export interface Qwen3Config extends WindowedLayers {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  /** Not hidden_size / num_attention_heads. */
  head_dim: number;
  max_position_embeddings: number;
  rms_norm_eps: number;
  tie_word_embeddings: boolean;
  /** Whose row of the embedding learns nothing by being read. */
  pad_token_id: number | null;
  /** Of all four projections. */
  attention_bias: boolean;
  /** From rope_theta and rope_scaling, or from rope_parameters. */
  rotary: RotarySettings;
}

export function parseQwen3Config(json: unknown): Qwen3Config {
  const {
    rope_theta,
    rope_scaling,
    rope_parameters,
    num_key_value_heads,
    use_sliding_window,
    sliding_window,
    max_window_layers,
    layer_types,
    hidden_act: _silu,
    attention_dropout: _zero,
    ...rest
  } = parseConfig('qwen3', Qwen3Schema, ignored, json);

  const keyValueHeads = num_key_value_heads ?? rest.num_attention_heads;
  if (rest.num_attention_heads % keyValueHeads !== 0) refuse(`num_attention_heads (${rest.num_attention_heads}) must be a multiple of num_key_value_heads (${keyValueHeads})`);
  if (rest.head_dim % 2 !== 0) refuse(`head_dim (${rest.head_dim}) must be even: rotations turn pairs of numbers`);

  return {
    ...rest,
    ...windowedLayers({ use_sliding_window, sliding_window, max_window_layers, layer_types }, rest.num_hidden_layers, refuse),
    num_key_value_heads: keyValueHeads,
    rotary: publishedRotary({ rope_theta, rope_scaling, rope_parameters }, { theta: 10_000, maxPositionEmbeddings: rest.max_position_embeddings }, refuse),
  };
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a qwen3 model cannot be served: ${problem}.`, facts: { family: 'qwen3', problems: [problem] } });
}
