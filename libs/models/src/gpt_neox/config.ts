import type { RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { GeluName } from '../gelu.js';
import { ModelConfigError } from '../model-config-error.js';
import { noAttentionDropout, noPadding, parseConfig } from '../parse-config.js';
import { publishedRotary, RopeDictionary, turnedSize } from '../rope-config.js';

const dropout = 'dropout of the original training; tuning here has its own';

/** Keys of published GPT-NeoX configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {
  ...noPadding,
  hidden_dropout: dropout,
  attention_probs_dropout_prob: dropout,
  hidden_dropout_prob: dropout,
  classifier_dropout: 'a head for classification, which a language model does not have',
  is_decoder: 'it always is one',
};

const count = z.int().positive();
const part = z.number().positive().max(1);

const GptNeoXSchema = z.strictObject({
  vocab_size: count.default(50_432),
  hidden_size: count.default(6144),
  num_hidden_layers: count.default(44),
  num_attention_heads: count.default(64),
  intermediate_size: count.default(24_576),
  hidden_act: GeluName.default('gelu'),
  max_position_embeddings: count.default(2048),
  layer_norm_eps: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(false),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  attention_dropout: noAttentionDropout,
  rotary_pct: part.nullish(),
  partial_rotary_factor: part.nullish(),
  rotary_emb_base: z.number().positive().nullish(),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: RopeDictionary.nullish(),
  rope_parameters: RopeDictionary.nullish(),
});

/** GPTNeoXForCausalLM. Fields keep their published names. */
export interface GptNeoXConfig {
  vocab_size: number;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  intermediate_size: number;
  hidden_act: GeluName;
  max_position_embeddings: number;
  layer_norm_eps: number;
  tie_word_embeddings: boolean;
  /** Whether attention and network read the same input and are added together, or one reads what the other made. */
  use_parallel_residual: boolean;
  /** Of the attention's linears; those of the network always have biases. */
  attention_bias: boolean;
  /** How many numbers of each head turn, from rotary_pct. */
  turned: number;
  /** From rotary_emb_base and rope_scaling, or from rope_parameters. */
  rotary: RotarySettings;
}

export function parseGptNeoXConfig(json: unknown): GptNeoXConfig {
  const { rotary_pct, partial_rotary_factor, rotary_emb_base, rope_theta, rope_scaling, rope_parameters, attention_dropout: _zero, ...rest } = parseConfig('gpt_neox', GptNeoXSchema, ignored, json);
  const headDim = rest.hidden_size / rest.num_attention_heads;
  if (!Number.isInteger(headDim)) refuse(`hidden_size (${rest.hidden_size}) must be a multiple of num_attention_heads (${rest.num_attention_heads})`);
  const factor = agreed('the part of a head that turns', [rope_parameters?.partial_rotary_factor, rotary_pct, partial_rotary_factor]) ?? 0.25;
  const theta = agreed('the base of rotations', [rope_parameters?.rope_theta, rotary_emb_base, rope_theta]) ?? 10_000;
  return {
    ...rest,
    turned: turnedSize(headDim, factor, refuse),
    rotary: publishedRotary({ rope_theta: theta, rope_scaling, rope_parameters }, { theta, maxPositionEmbeddings: rest.max_position_embeddings, partial: true }, refuse),
  };
}

/** One number that is published under several names. */
function agreed(what: string, spellings: readonly (number | null | undefined)[]): number | undefined {
  const [first, ...others] = spellings.filter((value) => value != null);
  if (others.some((value) => value !== first)) refuse(`${what} has several spellings that differ (${[first, ...others].join(', ')}): keep the right one`);
  return first;
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a gpt_neox model cannot be served: ${problem}.`, facts: { family: 'gpt_neox', problems: [problem] } });
}
