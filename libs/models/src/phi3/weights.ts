import type { GgufValue } from '@tunesmith/checkpoints';
import { GgufConfigReader, shortestFloat32 } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, WeightName } from '../model-family.js';
import { ggufRopeMetadata, longRopeAttentionFactor } from '../rope-config.js';
import { savedWithoutHead } from '../saved-without-head.js';
import type { Phi3Config } from './config.js';

/** Names and layouts of Phi-3 checkpoints. What is fused is fused in every format. */
export const phi3Weights: FamilyWeights<Phi3Config> = {
  tensors,
  ignored: [{ pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' }],
  spellings: savedWithoutHead,
  gguf: { architecture: 'phi3', configFromGguf, metadataFromConfig, derivedTensors },
};

function tensors(config: Phi3Config): WeightName[] {
  const { hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads, num_key_value_heads: keyValueHeads } = config;
  const headDim = hidden / heads;
  const names: WeightName[] = [{ huggingFace: 'model.embed_tokens.weight', gguf: 'token_embd.weight', shape: [config.vocab_size, hidden] }];
  const linear = (path: string, gguf: string, out: number, from: number) => names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from] });
  const norm = (path: string, gguf: string) => names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [hidden] });

  for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
    const path = `model.layers.${layer}`;
    const gguf = `blk.${layer}`;
    norm(`${path}.input_layernorm`, `${gguf}.attn_norm`);
    linear(`${path}.self_attn.qkv_proj`, `${gguf}.attn_qkv`, (heads + 2 * keyValueHeads) * headDim, hidden);
    linear(`${path}.self_attn.o_proj`, `${gguf}.attn_output`, hidden, hidden);
    norm(`${path}.post_attention_layernorm`, `${gguf}.ffn_norm`);
    linear(`${path}.mlp.gate_up_proj`, `${gguf}.ffn_up`, 2 * inner, hidden);
    linear(`${path}.mlp.down_proj`, `${gguf}.ffn_down`, hidden, inner);
  }
  norm('model.norm', 'output_norm');
  if (!config.tie_word_embeddings) linear('lm_head', 'output', config.vocab_size, hidden);
  return names;
}

function configFromGguf(source: GgufConfigSource): Record<string, unknown> {
  const read = new GgufConfigReader('phi3', source);
  const embedding = source.tensorShape('token_embd.weight');
  if (!embedding) refuse('GGUF file', 'the tensor token_embd.weight is missing');
  const hidden = read.integer('embedding_length');
  const heads = read.integer('attention.head_count');
  const context = read.integer('context_length');
  const originalContext = read.optionalInteger('rope.scaling.original_context_length') ?? context;
  return {
    architectures: ['Phi3ForCausalLM'],
    model_type: 'phi3',
    vocab_size: embedding[0],
    hidden_size: hidden,
    intermediate_size: read.integer('feed_forward_length'),
    num_hidden_layers: read.integer('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: read.optionalInteger('attention.head_count_kv') ?? heads,
    hidden_act: 'silu',
    max_position_embeddings: context,
    original_max_position_embeddings: originalContext,
    rms_norm_eps: read.float('attention.layer_norm_rms_epsilon'),
    // Phi-4 says 0 for none.
    sliding_window: read.optionalInteger('attention.sliding_window') || null,
    partial_rotary_factor: ((read.optionalInteger('rope.dimension_count') ?? hidden / heads) * heads) / hidden,
    rope_theta: read.optionalFloat('rope.freq_base') ?? 10_000,
    rope_scaling: source.longRopeFactors ? longRope(source.longRopeFactors, read.optionalFloat('rope.scaling.attn_factor') ?? 1, context, originalContext) : null,
    tie_word_embeddings: source.tensorShape('output.weight') === undefined,
  };
}

/** The factor of cosines and sines is left out where it is the one that follows from the contexts: the file has it in float32 only. */
function longRope({ short, long }: { short: Float32Array; long: Float32Array }, attentionFactor: number, context: number, originalContext: number): Record<string, unknown> {
  const follows = Math.fround(longRopeAttentionFactor(context / originalContext, originalContext)) === Math.fround(attentionFactor);
  return {
    type: 'longrope',
    short_factor: Array.from(short, shortestFloat32),
    long_factor: Array.from(long, shortestFloat32),
    ...(follows ? {} : { attention_factor: attentionFactor }),
  };
}

/**
 * llama.cpp reads the window and leaves it out of its attention, and takes the long factors for all rows of a context longer than the original one. Files
 * are published like this; inside the window, and in contexts on one side of that border, they compute what the model does.
 */
function metadataFromConfig(config: Phi3Config): Record<string, GgufValue> {
  const { sliding_window: window } = config;
  return {
    'phi3.vocab_size': { type: 'uint32', value: config.vocab_size },
    'phi3.context_length': { type: 'uint32', value: config.max_position_embeddings },
    'phi3.embedding_length': { type: 'uint32', value: config.hidden_size },
    'phi3.block_count': { type: 'uint32', value: config.num_hidden_layers },
    'phi3.feed_forward_length': { type: 'uint32', value: config.intermediate_size },
    'phi3.attention.head_count': { type: 'uint32', value: config.num_attention_heads },
    'phi3.attention.head_count_kv': { type: 'uint32', value: config.num_key_value_heads },
    'phi3.attention.layer_norm_rms_epsilon': { type: 'float32', value: config.rms_norm_eps },
    'phi3.rope.dimension_count': { type: 'uint32', value: config.turned },
    ...(window === null ? {} : { 'phi3.attention.sliding_window': { type: 'uint32', value: window } as const }),
    'phi3.rope.scaling.original_context_length': { type: 'uint32', value: config.original_max_position_embeddings },
    ...ggufRopeMetadata('phi3', config.rotary, { takesDivisors: true }),
  };
}

function derivedTensors({ rotary: { scaling } }: Phi3Config) {
  if (scaling?.kind !== 'longrope') return [];
  return [
    { name: 'rope_factors_short.weight', values: Float32Array.from(scaling.shortDivisors) },
    { name: 'rope_factors_long.weight', values: Float32Array.from(scaling.longDivisors) },
  ];
}

function refuse(where: string, problem: string): never {
  throw new ModelConfigError({ message: `${where} of a phi3 model: ${problem}.`, facts: { family: 'phi3', problems: [problem] } });
}
