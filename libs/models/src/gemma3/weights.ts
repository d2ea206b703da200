import type { GgufValue } from '@tunesmith/checkpoints';
import { GgufConfigReader } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, LargerModel, WeightName } from '../model-family.js';
import { ggufRopeMetadata } from '../rope-config.js';
import { savedWithoutHead } from '../saved-without-head.js';
import type { Gemma3Config } from './config.js';

/** What llama.cpp's architecture `gemma3` fixes in code: every sixth layer looks at everything, sliding layers turn with this theta. */
const ggufPattern = 6;
const ggufLocalTheta = 10_000;
/** gemma-3-27b alone divides scores by hidden / heads; llama.cpp knows it by its layer count. */
const layersOf27b = 62;

/** Names and layouts of Gemma 3 text checkpoints. GGUF holds every norm as w + 1. */
export const gemma3Weights: FamilyWeights<Gemma3Config> = {
  tensors,
  ignored: [{ pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' }],
  spellings: savedWithoutHead,
  gguf: { architecture: 'gemma3', configFromGguf, metadataFromConfig, derivedTensors: () => [] },
};

/** Gemma 3 of 4B and up is published with a vision tower. */
export const gemma3WithVision: LargerModel = {
  architectures: ['Gemma3ForConditionalGeneration'],
  modelTypes: ['gemma3'],
  text: { architecture: 'Gemma3ForCausalLM', modelType: 'gemma3_text' },
  ownKeys: ['vision_config', 'mm_tokens_per_image', 'boi_token_index', 'eoi_token_index', 'image_token_index', 'boi_token_id', 'eoi_token_id', 'image_token_id'],
  spellings: [
    { pattern: /^language_model\./, replacement: '', reason: 'as published' },
    { pattern: /^model\.language_model\./, replacement: 'model.', reason: 'as transformers has it in memory since 4.52' },
  ],
  leftOut: [
    { pattern: /^(?:model\.)?vision_tower\./, reason: 'the vision tower' },
    { pattern: /^(?:model\.)?multi_modal_projector\./, reason: 'its projector' },
  ],
};

function tensors(config: Gemma3Config): WeightName[] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim: headDim, num_attention_heads: heads, num_key_value_heads: keyValueHeads } = config;
  const names: WeightName[] = [{ huggingFace: 'model.embed_tokens.weight', gguf: 'token_embd.weight', shape: [config.vocab_size, hidden] }];

  const linear = (path: string, gguf: string, out: number, from: number, bias: boolean) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from] });
    if (bias) names.push({ huggingFace: `${path}.bias`, gguf: `${gguf}.bias`, shape: [out] });
  };
  const norm = (path: string, gguf: string, size = hidden) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [size], transform: { kind: 'plus-one' } });
  };

  for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
    const path = `model.layers.${layer}`;
    const gguf = `blk.${layer}`;
    norm(`${path}.input_layernorm`, `${gguf}.attn_norm`);
    linear(`${path}.self_attn.q_proj`, `${gguf}.attn_q`, heads * headDim, hidden, config.attention_bias);
    linear(`${path}.self_attn.k_proj`, `${gguf}.attn_k`, keyValueHeads * headDim, hidden, config.attention_bias);
    linear(`${path}.self_attn.v_proj`, `${gguf}.attn_v`, keyValueHeads * headDim, hidden, config.attention_bias);
    linear(`${path}.self_attn.o_proj`, `${gguf}.attn_output`, hidden, heads * headDim, config.attention_bias);
    norm(`${path}.self_attn.q_norm`, `${gguf}.attn_q_norm`, headDim);
    norm(`${path}.self_attn.k_norm`, `${gguf}.attn_k_norm`, headDim);
    norm(`${path}.post_attention_layernorm`, `${gguf}.post_attention_norm`);
    norm(`${path}.pre_feedforward_layernorm`, `${gguf}.ffn_norm`);
    linear(`${path}.mlp.gate_proj`, `${gguf}.ffn_gate`, inner, hidden, false);
    linear(`${path}.mlp.up_proj`, `${gguf}.ffn_up`, inner, hidden, false);
    linear(`${path}.mlp.down_proj`, `${gguf}.ffn_down`, hidden, inner, false);
    norm(`${path}.post_feedforward_layernorm`, `${gguf}.post_ffw_norm`);
  }
  norm('model.norm', 'output_norm');
  if (!config.tie_word_embeddings) linear('lm_head', 'output', config.vocab_size, hidden, false);
  return names;
}

function configFromGguf(source: GgufConfigSource): Record<string, unknown> {
  const read = new GgufConfigReader('gemma3', source);
  const heads = read.integer('attention.head_count');
  const hidden = read.integer('embedding_length');
  const layers = read.integer('block_count');
  const embedding = source.tensorShape('token_embd.weight');
  if (!embedding) refuse('GGUF file', 'the tensor token_embd.weight is missing');
  const headDim = read.optionalInteger('attention.key_length') ?? 256;
  const valueLength = read.optionalInteger('attention.value_length') ?? headDim;
  if (valueLength !== headDim) refuse('GGUF file', `keys (${headDim}) and values (${valueLength}) must have one size`);
  return {
    architectures: ['Gemma3ForCausalLM'],
    model_type: 'gemma3_text',
    vocab_size: embedding[0],
    hidden_size: hidden,
    intermediate_size: read.integer('feed_forward_length'),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: read.optionalInteger('attention.head_count_kv') ?? heads,
    head_dim: headDim,
    hidden_activation: 'gelu_pytorch_tanh',
    max_position_embeddings: read.integer('context_length'),
    rms_norm_eps: read.float('attention.layer_norm_rms_epsilon'),
    query_pre_attn_scalar: layers === layersOf27b ? hidden / heads : headDim,
    sliding_window: read.integer('attention.sliding_window'),
    sliding_window_pattern: ggufPattern,
    rope_theta: read.optionalFloat('rope.freq_base') ?? 1_000_000,
    rope_local_base_freq: ggufLocalTheta,
    rope_scaling: read.ropeScaling(),
    final_logit_softcapping: read.optionalFloat('final_logit_softcapping') ?? null,
    attn_logit_softcapping: null,
    attention_bias: source.tensorShape('blk.0.attn_q.bias') !== undefined,
    tie_word_embeddings: source.tensorShape('output.weight') === undefined,
  };
}

function metadataFromConfig(config: Gemma3Config): Record<string, GgufValue> {
  const { rotary, head_dim: headDim, num_hidden_layers: layers } = config;
  const wrongLayer = config.layer_types.findIndex((type, index) => (type === 'full_attention') !== ((index + 1) % ggufPattern === 0));
  if (wrongLayer >= 0) refuse('GGUF export', `layer ${wrongLayer} is ${config.layer_types[wrongLayer]}, but llama.cpp makes exactly every ${ggufPattern}th layer full`);
  if (rotary.sliding_attention.theta !== ggufLocalTheta || rotary.sliding_attention.scaling) {
    refuse('GGUF export', `sliding layers turn with theta ${rotary.sliding_attention.theta}, but llama.cpp fixes ${ggufLocalTheta} without scaling`);
  }
  const scalar = layers === layersOf27b ? config.hidden_size / config.num_attention_heads : headDim;
  if (config.query_pre_attn_scalar !== scalar) refuse('GGUF export', `query_pre_attn_scalar is ${config.query_pre_attn_scalar}, but llama.cpp fixes ${scalar}`);
  if (config.attention_bias) refuse('GGUF export', 'llama.cpp has no attention biases for this architecture');
  return {
    'gemma3.vocab_size': { type: 'uint32', value: config.vocab_size },
    'gemma3.context_length': { type: 'uint32', value: config.max_position_embeddings },
    'gemma3.embedding_length': { type: 'uint32', value: config.hidden_size },
    'gemma3.block_count': { type: 'uint32', value: layers },
    'gemma3.feed_forward_length': { type: 'uint32', value: config.intermediate_size },
    'gemma3.attention.head_count': { type: 'uint32', value: config.num_attention_heads },
    'gemma3.attention.head_count_kv': { type: 'uint32', value: config.num_key_value_heads },
    'gemma3.attention.key_length': { type: 'uint32', value: headDim },
    'gemma3.attention.value_length': { type: 'uint32', value: headDim },
    'gemma3.attention.layer_norm_rms_epsilon': { type: 'float32', value: config.rms_norm_eps },
    'gemma3.attention.sliding_window': { type: 'uint32', value: config.sliding_window },
    ...(config.final_logit_softcapping === null ? {} : { 'gemma3.final_logit_softcapping': { type: 'float32', value: config.final_logit_softcapping } as const }),
    ...ggufRopeMetadata('gemma3', rotary.full_attention),
  };
}

function refuse(where: string, problem: string): never {
  throw new ModelConfigError({ message: `${where} of a gemma3 model: ${problem}.`, facts: { family: 'gemma3', problems: [problem] } });
}
