import type { RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { ModelConfigError } from '../model-config-error.js';
import { noAttentionDropout, paddingToken, parseConfig } from '../parse-config.js';
import { publishedRotary, RopeDictionary } from '../rope-config.js';

/** Keys of published Llama-like configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {
  is_llama_config: 'written into SmolLM2 by its training library',
  rope_interleaved: 'the layout of rotations in the training library; published weights are already in halves',
  max_sequence_length: 'what the first Llama files call max_position_embeddings, which stands beside it and decides',
  activation: 'what Falcon 3 says besides hidden_act, which decides',
};

const count = z.int().positive();

const common = {
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  hidden_act: z.literal('silu').default('silu'),
  max_position_embeddings: count.default(2048),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  pad_token_id: paddingToken.default(null),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: RopeDictionary.nullish(),
  rope_parameters: RopeDictionary.nullish(),
  attention_dropout: noAttentionDropout,
};

const LlamaSchema = z.strictObject({ ...common, attention_bias: z.boolean().default(false), mlp_bias: z.boolean().default(false) });

const noBias = z.literal(false, { error: 'expected false: the published implementation has no such bias' }).optional();

/** Mistral differs by its window only; published files of later versions carry null. The default is the one of Mistral 7B. */
const MistralSchema = z.strictObject({
  ...common,
  num_key_value_heads: count.nullish().default(8),
  max_position_embeddings: count.default(131_072),
  sliding_window: count.nullable().default(4096),
  attention_bias: noBias,
  mlp_bias: noBias,
});

/** A Llama-like model: LlamaForCausalLM and MistralForCausalLM. Fields keep their published names. */
export interface LlamaConfig {
  architecture: 'LlamaForCausalLM' | 'MistralForCausalLM';
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
  mlp_bias: boolean;
  /** A token sees itself and the `sliding_window - 1` tokens before it; null: everything before it. */
  sliding_window: number | null;
  /** From rope_theta and rope_scaling, or from rope_parameters. */
  rotary: RotarySettings;
}

export function parseLlamaConfig(json: unknown): LlamaConfig {
  const architecture = isMistral(json) ? 'MistralForCausalLM' : 'LlamaForCausalLM';
  const read = architecture === 'MistralForCausalLM' ? { ...parseConfig('mistral', MistralSchema, ignored, json), attention_bias: false, mlp_bias: false } : { sliding_window: null, ...parseConfig('llama', LlamaSchema, ignored, json) };
  const { rope_theta, rope_scaling, rope_parameters, num_key_value_heads, head_dim, hidden_act: _silu, attention_dropout: _zero, ...rest } = read;

  const keyValueHeads = num_key_value_heads ?? rest.num_attention_heads;
  if (rest.num_attention_heads % keyValueHeads !== 0) refuse(`num_attention_heads (${rest.num_attention_heads}) must be a multiple of num_key_value_heads (${keyValueHeads})`);
  const headDim = head_dim ?? rest.hidden_size / rest.num_attention_heads;
  if (!Number.isInteger(headDim)) refuse(`hidden_size (${rest.hidden_size}) must be a multiple of num_attention_heads (${rest.num_attention_heads}) where head_dim is absent`);
  if (headDim % 2 !== 0) refuse(`head_dim (${headDim}) must be even: rotations turn pairs of numbers`);

  return {
    ...rest,
    architecture,
    num_key_value_heads: keyValueHeads,
    head_dim: headDim,
    rotary: publishedRotary({ rope_theta, rope_scaling, rope_parameters }, { theta: 10_000, maxPositionEmbeddings: rest.max_position_embeddings }, refuse),
  };
}

function isMistral(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  const named: unknown = 'architectures' in json && Array.isArray(json.architectures) ? json.architectures[0] : undefined;
  if (named === 'MistralForCausalLM' || named === 'LlamaForCausalLM') return named === 'MistralForCausalLM';
  return 'model_type' in json && json.model_type === 'mistral';
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a llama model cannot be served: ${problem}.`, facts: { family: 'llama', problems: [problem] } });
}
