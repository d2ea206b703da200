import { z } from 'zod';
import { ModelConfigError } from '../model-config-error.js';
import { noPadding, parseConfig } from '../parse-config.js';

/** Keys of published T5 configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {
  ...noPadding,
  dropout_rate: 'only while training, where this library drops inputs of adapters alone',
  classifier_dropout: 'only for a head that classifies',
  initializer_factor: 'only for weights that are drawn anew',
};

const count = z.int().positive();

const common = {
  d_model: count.default(512),
  d_kv: count.default(64),
  num_decoder_layers: count.nullish(),
  relative_attention_num_buckets: z.int().min(4).default(32),
  relative_attention_max_distance: count.default(128),
  layer_norm_epsilon: z.number().positive().default(1e-6),
  is_gated_act: z.boolean().optional(),
  dense_act_fn: z.string().optional(),
  tie_word_embeddings: z.boolean().default(true),
  is_encoder_decoder: z.literal(true, { error: 'expected true: encoder and decoder belong together here' }).default(true),
  is_decoder: z.literal(false, { error: 'expected false: encoder and decoder belong together here' }).optional(),
  decoder_start_token_id: z.int().nonnegative().default(0),
  n_positions: count.default(512),
};
const Network = z.enum(['relu', 'gated-gelu', 'gated-silu']);

const T5Schema = z.strictObject({
  ...common,
  vocab_size: count.default(32_128),
  d_ff: count.default(2048),
  num_layers: count.default(6),
  num_heads: count.default(8),
  feed_forward_proj: Network.default('relu'),
  scale_decoder_outputs: z.boolean().optional(),
});

const Mt5Schema = z.strictObject({
  ...common,
  vocab_size: count.default(250_112),
  d_ff: count.default(1024),
  num_layers: count.default(8),
  num_heads: count.default(6),
  feed_forward_proj: Network.default('gated-gelu'),
});

/** T5ForConditionalGeneration and MT5ForConditionalGeneration. Fields keep their published names. */
export interface T5Config {
  vocab_size: number;
  d_model: number;
  /** Of each head; heads together need not be as wide as the model. */
  d_kv: number;
  d_ff: number;
  /** Of the encoder. */
  num_layers: number;
  num_decoder_layers: number;
  num_heads: number;
  relative_attention_num_buckets: number;
  relative_attention_max_distance: number;
  layer_norm_epsilon: number;
  feed_forward_proj: z.infer<typeof Network>;
  /** The head is the embedding (T5 1.0). False: a head of its own (1.1, Flan-T5, mT5). */
  tie_word_embeddings: boolean;
  /** What the head reads is scaled by d_model^-0.5: where T5's head is the embedding, unless the file says otherwise; never in mT5. */
  scale_decoder_outputs: boolean;
  decoder_start_token_id: number;
  /** What it was trained on; positions are relative, so that longer rows are no error. */
  n_positions: number;
}

export function parseT5Config(json: unknown): T5Config {
  const { num_decoder_layers, is_gated_act, dense_act_fn, scale_decoder_outputs, is_encoder_decoder: _true, is_decoder: _false, ...rest } = isMt5(json)
    ? { ...parseConfig('mt5', Mt5Schema, ignored, json), scale_decoder_outputs: false }
    : headOfT5(parseConfig('t5', T5Schema, ignored, json));
  const { feed_forward_proj, relative_attention_num_buckets: buckets, relative_attention_max_distance: distance } = rest;
  const gated = feed_forward_proj !== 'relu';
  if (is_gated_act !== undefined && is_gated_act !== gated) refuse(`is_gated_act is ${is_gated_act}, but feed_forward_proj is ${feed_forward_proj}`);
  const activation = { relu: 'relu', 'gated-gelu': 'gelu_new', 'gated-silu': 'silu' }[feed_forward_proj];
  if (dense_act_fn !== undefined && dense_act_fn !== activation) refuse(`dense_act_fn is ${dense_act_fn}, but feed_forward_proj ${feed_forward_proj} means ${activation}`);
  if (distance <= buckets / 2) refuse(`relative_attention_max_distance (${distance}) must be larger than half of relative_attention_num_buckets (${buckets})`);
  return { ...rest, num_decoder_layers: num_decoder_layers ?? rest.num_layers, scale_decoder_outputs };
}

/** transformers 5 writes tie_word_embeddings as true for every T5; what the published flag said is in scale_decoder_outputs then. */
function headOfT5<Read extends { tie_word_embeddings: boolean; scale_decoder_outputs?: boolean | undefined }>(read: Read): Read & { scale_decoder_outputs: boolean } {
  const scales = read.scale_decoder_outputs ?? read.tie_word_embeddings;
  return { ...read, scale_decoder_outputs: scales, tie_word_embeddings: read.tie_word_embeddings && scales };
}

function isMt5(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'model_type' in json && json.model_type === 'mt5';
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a t5 model cannot be served: ${problem}.`, facts: { family: 't5', problems: [problem] } });
}
