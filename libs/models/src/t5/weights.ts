import type { GgufValue } from '@tunesmith/checkpoints';
import { GgufConfigReader } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, WeightName } from '../model-family.js';
import type { T5Config } from './config.js';

/** llama.cpp has it in code: no key says where distances end. */
const ggufMaxDistance = 128;

/**
 * Names and layouts of T5 checkpoints. llama.cpp does not scale what a tied head reads, so that its logits of T5 1.0 are d_model^0.5 times
 * ours: the likeliest token is the same. Files are as its converter writes them.
 */
export const t5Weights: FamilyWeights<T5Config> = {
  tensors,
  ignored: [
    { pattern: /^(?:encoder|decoder)\.embed_tokens\.weight$/, reason: 'the shared embedding stored again; published implementations read shared.weight' },
    { pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' },
    { pattern: /^decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$/, reason: 'old files store it, no implementation reads it' },
  ],
  gguf: {
    architecture: 't5',
    ignored: [{ pattern: /^dec\.blk\.0\.cross_attn_rel_b\.weight$/, reason: 'llama.cpp stores it, no implementation reads it' }],
    configFromGguf,
    metadataFromConfig,
    derivedTensors: () => [],
  },
};

function tensors(config: T5Config): WeightName[] {
  const { d_model: model, d_ff: inner, num_heads: heads, d_kv: headDim, vocab_size, relative_attention_num_buckets: buckets } = config;
  const gated = config.feed_forward_proj !== 'relu';
  const names: WeightName[] = [];
  const weight = (path: string, gguf: string, ...shape: number[]) => names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape });

  const attention = (path: string, gguf: string) => {
    for (const part of ['q', 'k', 'v']) weight(`${path}.${part}`, `${gguf}_${part}`, heads * headDim, model);
    weight(`${path}.o`, `${gguf}_o`, model, heads * headDim);
  };
  const network = (path: string, gguf: string) => {
    if (gated) weight(`${path}.DenseReluDense.wi_0`, `${gguf}.ffn_gate`, inner, model);
    weight(`${path}.DenseReluDense.${gated ? 'wi_1' : 'wi'}`, `${gguf}.ffn_up`, inner, model);
    weight(`${path}.DenseReluDense.wo`, `${gguf}.ffn_down`, model, inner);
    weight(`${path}.layer_norm`, `${gguf}.ffn_norm`, model);
  };
  const stack = (name: 'encoder' | 'decoder', blocks: number) => {
    const short = name.slice(0, 3);
    for (let block = 0; block < blocks; block += 1) {
      const path = `${name}.block.${block}.layer`;
      const gguf = `${short}.blk.${block}`;
      attention(`${path}.0.SelfAttention`, `${gguf}.attn`);
      // A row of it is a number for each head: no block of any quantization is that short, and llama.cpp never quantizes it.
      if (block === 0) names.push({ huggingFace: `${path}.0.SelfAttention.relative_attention_bias.weight`, gguf: `${gguf}.attn_rel_b.weight`, shape: [buckets, heads], keepFloat: true });
      weight(`${path}.0.layer_norm`, `${gguf}.attn_norm`, model);
      if (name === 'decoder') {
        attention(`${path}.1.EncDecAttention`, `${gguf}.cross_attn`);
        weight(`${path}.1.layer_norm`, `${gguf}.cross_attn_norm`, model);
      }
      network(`${path}.${name === 'decoder' ? 2 : 1}`, gguf);
    }
    weight(`${name}.final_layer_norm`, `${short}.output_norm`, model);
  };

  weight('shared', 'token_embd', vocab_size, model);
  stack('encoder', config.num_layers);
  stack('decoder', config.num_decoder_layers);
  if (!config.tie_word_embeddings) weight('lm_head', 'output', vocab_size, model);
  return names;
}

function configFromGguf(source: GgufConfigSource): Record<string, unknown> {
  const read = new GgufConfigReader('t5', source);
  const embedding = source.tensorShape('token_embd.weight');
  if (!embedding) refuse('GGUF file', 'the tensor token_embd.weight is missing');
  const headDim = read.integer('attention.key_length');
  const valueLength = read.optionalInteger('attention.value_length') ?? headDim;
  if (valueLength !== headDim) refuse('GGUF file', `keys (${headDim}) and values (${valueLength}) must have one size`);
  const gated = source.tensorShape('enc.blk.0.ffn_gate.weight') !== undefined;
  const tied = source.tensorShape('output.weight') === undefined;
  if (!gated && !tied) {
    refuse('GGUF file', 'it has the network of T5 1.0, whose head is the embedding, and an output.weight: a copy or a head of its own, which the file does not tell, and only a tied head is scaled. Import the Hugging Face folder of this model instead');
  }
  const layers = read.integer('block_count');
  return {
    architectures: ['T5ForConditionalGeneration'],
    model_type: 't5',
    is_encoder_decoder: true,
    vocab_size: embedding[0],
    d_model: read.integer('embedding_length'),
    d_kv: headDim,
    d_ff: read.integer('feed_forward_length'),
    num_layers: layers,
    num_decoder_layers: read.optionalInteger('decoder_block_count') ?? layers,
    num_heads: read.integer('attention.head_count'),
    relative_attention_num_buckets: read.integer('attention.relative_buckets_count'),
    relative_attention_max_distance: ggufMaxDistance,
    layer_norm_epsilon: read.float('attention.layer_norm_rms_epsilon'),
    feed_forward_proj: gated ? 'gated-gelu' : 'relu',
    tie_word_embeddings: tied,
    decoder_start_token_id: read.optionalInteger('decoder_start_token_id') ?? 0,
    n_positions: read.integer('context_length'),
  };
}

function metadataFromConfig(config: T5Config): Record<string, GgufValue> {
  const { relative_attention_max_distance: distance } = config;
  if (config.feed_forward_proj === 'gated-silu') refuse('GGUF export', 'its network is gated by silu, llama.cpp knows gelu only');
  if (config.scale_decoder_outputs !== config.tie_word_embeddings) refuse('GGUF export', 'readers of the format scale what a tied head reads and nothing else, this model does not');
  if (distance !== ggufMaxDistance) refuse('GGUF export', `relative_attention_max_distance is ${distance}, llama.cpp knows ${ggufMaxDistance} only`);
  return {
    't5.vocab_size': { type: 'uint32', value: config.vocab_size },
    't5.context_length': { type: 'uint32', value: config.n_positions },
    't5.embedding_length': { type: 'uint32', value: config.d_model },
    't5.feed_forward_length': { type: 'uint32', value: config.d_ff },
    't5.block_count': { type: 'uint32', value: config.num_layers },
    't5.decoder_block_count': { type: 'uint32', value: config.num_decoder_layers },
    't5.attention.head_count': { type: 'uint32', value: config.num_heads },
    't5.attention.key_length': { type: 'uint32', value: config.d_kv },
    't5.attention.value_length': { type: 'uint32', value: config.d_kv },
    't5.attention.layer_norm_epsilon': { type: 'float32', value: config.layer_norm_epsilon },
    't5.attention.layer_norm_rms_epsilon': { type: 'float32', value: config.layer_norm_epsilon },
    't5.attention.relative_buckets_count': { type: 'uint32', value: config.relative_attention_num_buckets },
    't5.decoder_start_token_id': { type: 'uint32', value: config.decoder_start_token_id },
  };
}

function refuse(where: string, problem: string): never {
  throw new ModelConfigError({ message: `${where} of a t5 model: ${problem}.`, facts: { family: 't5', problems: [problem] } });
}
