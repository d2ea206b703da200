import type { RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { ModelConfigError } from '../model-config-error.js';
import { noAttentionDropout, paddingToken, parseConfig } from '../parse-config.js';
import { publishedRotary, RopeDictionary } from '../rope-config.js';
import { windowedLayers, windowKeys, type WindowedLayers } from '../windowed-layers.js';

/** Keys of published Qwen2 configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {
  dual_chunk_attention_config: 'how vLLM approximates rows longer than those of the training; transformers reads it nowhere',
};

const count = z.int().positive();

const Qwen2Schema = z.strictObject({
  vocab_size: count.default(151_936),
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  hidden_act: z.literal('silu').default('silu'),
  max_position_embeddings: count.default(32_768),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  pad_token_id: paddingToken.default(null),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: RopeDictionary.nullish(),
  rope_parameters: RopeDictionary.nullish(),
  attention_dropout: noAttentionDropout,
  use_mrope: z.literal(false, { error: 'expected false: positions in several dimensions belong to the vision models' }).optional(),
  ...windowKeys,
});

/** Qwen2ForCausalLM: Qwen2 and Qwen2.5. Fields keep their published names. */
export interface Qwen2Config extends WindowedLayers {
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
  /** From rope_theta and rope_scaling, or from rope_parameters. */
  rotary: RotarySettings;
}

export function parseQwen2Config(json: unknown): Qwen2Config {
  const {
    rope_theta,
    rope_scaling,
    rope_parameters,
    num_key_value_heads,
    head_dim,
    use_sliding_window,
    sliding_window,
    max_window_layers,
    layer_types,
    hidden_act: _silu,
    attention_dropout: _zero,
    use_mrope: _false,
    ...rest
  } = parseConfig('qwen2', Qwen2Schema, ignored, json);

  const keyValueHeads = num_key_value_heads ?? rest.num_attention_heads;
  if (rest.num_attention_heads % keyValueHeads !== 0) refuse(`num_attention_heads (${rest.num_attention_heads}) must be a multiple of num_key_value_heads (${keyValueHeads})`);
  const headDim = head_dim ?? rest.hidden_size / rest.num_attention_heads;
  if (!Number.isInteger(headDim)) refuse(`hidden_size (${rest.hidden_size}) must be a multiple of num_attention_heads (${rest.num_attention_heads}) where head_dim is absent`);
  if (headDim % 2 !== 0) refuse(`head_dim (${headDim}) must be even: rotations turn pairs of numbers`);

  return {
    ...rest,
    ...windowedLayers({ use_sliding_window, sliding_window, max_window_layers, layer_types }, rest.num_hidden_layers, refuse),
    num_key_value_heads: keyValueHeads,
    head_dim: headDim,
    rotary: publishedRotary({ rope_theta, rope_scaling, rope_parameters }, { theta: 10_000, maxPositionEmbeddings: rest.max_position_embeddings }, refuse),
  };
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a qwen2 model cannot be served: ${problem}.`, facts: { family: 'qwen2', problems: [problem] } });
}
