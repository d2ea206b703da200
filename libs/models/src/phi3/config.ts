import type { RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { ModelConfigError } from '../model-config-error.js';
import { noAttentionDropout, paddingToken, parseConfig } from '../parse-config.js';
import { publishedRotary, RopeDictionary, turnedSize } from '../rope-config.js';

const dropout = 'dropout of the original training; tuning here has its own';

/** Keys of published Phi-3 and Phi-4 configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {
  embd_pdrop: dropout,
  resid_pdrop: dropout,
  interpolate_factor: 'read by no published implementation',
};

const count = z.int().positive();
const noBias = z.literal(false, { error: 'expected false: the published implementation has no such bias' }).optional();

const Phi3Schema = z.strictObject({
  vocab_size: count.default(32_064),
  hidden_size: count.default(3072),
  intermediate_size: count.default(8192),
  num_hidden_layers: count.default(32),
  num_attention_heads: count.default(32),
  num_key_value_heads: count.nullish(),
  hidden_act: z.literal('silu').default('silu'),
  max_position_embeddings: count.default(4096),
  original_max_position_embeddings: count.default(4096),
  rms_norm_eps: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(false),
  pad_token_id: paddingToken.default(32_000),
  sliding_window: count.nullish(),
  partial_rotary_factor: z.number().positive().max(1).nullish(),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: RopeDictionary.nullish(),
  rope_parameters: RopeDictionary.nullish(),
  attention_dropout: noAttentionDropout,
  attention_bias: noBias,
  mlp_bias: noBias,
  lm_head_bias: noBias,
  full_attn_mod: z.literal(1, { error: 'expected 1: every layer attends alike' }).optional(),
});

/** Phi3ForCausalLM. Fields keep their published names. */
export interface Phi3Config {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  max_position_embeddings: number;
  /** How long the rows of the original training were: the border between the two sets of factors of longrope. */
  original_max_position_embeddings: number;
  rms_norm_eps: number;
  tie_word_embeddings: boolean;
  /** Whose row of the embedding learns nothing by being read. */
  pad_token_id: number | null;
  /** A token sees itself and the `sliding_window - 1` tokens before it; null: everything before it. */
  sliding_window: number | null;
  /** How many numbers of each head turn, from partial_rotary_factor. */
  turned: number;
  /** From rope_theta and rope_scaling, or from rope_parameters. */
  rotary: RotarySettings;
}

export function parsePhi3Config(json: unknown): Phi3Config {
  const {
    num_key_value_heads,
    sliding_window,
    partial_rotary_factor,
    rope_theta,
    rope_scaling,
    rope_parameters,
    hidden_act: _silu,
    attention_dropout: _zero,
    attention_bias: _noAttention,
    mlp_bias: _noNetwork,
    lm_head_bias: _noHead,
    full_attn_mod: _one,
    ...rest
  } = parseConfig('phi3', Phi3Schema, ignored, json);

  const keyValueHeads = num_key_value_heads ?? rest.num_attention_heads;
  if (rest.num_attention_heads % keyValueHeads !== 0) refuse(`num_attention_heads (${rest.num_attention_heads}) must be a multiple of num_key_value_heads (${keyValueHeads})`);
  const headDim = rest.hidden_size / rest.num_attention_heads;
  if (!Number.isInteger(headDim)) refuse(`hidden_size (${rest.hidden_size}) must be a multiple of num_attention_heads (${rest.num_attention_heads})`);
  const turned = turnedSize(headDim, (rope_parameters ?? rope_scaling)?.partial_rotary_factor ?? partial_rotary_factor ?? 1, refuse);
  const rotary = publishedRotary(
    { rope_theta, rope_scaling, rope_parameters },
    { theta: 10_000, maxPositionEmbeddings: rest.max_position_embeddings, partial: true, longrope: { originalContext: rest.original_max_position_embeddings } },
    refuse,
  );
  const { scaling } = rotary;
  if (scaling && scaling.kind !== 'longrope') refuse(`its rope scaling is ${scaling.kind}, the published implementation knows longrope alone`);
  for (const [name, factors] of scaling ? ([['short_factor', scaling.shortDivisors], ['long_factor', scaling.longDivisors]] as const) : []) {
    if (factors.length !== turned / 2) refuse(`${name} has ${factors.length} numbers, but ${turned / 2} pairs turn`);
  }
  return { ...rest, num_key_value_heads: keyValueHeads, sliding_window: sliding_window ?? null, turned, rotary };
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a phi3 model cannot be served: ${problem}.`, facts: { family: 'phi3', problems: [problem] } });
}
