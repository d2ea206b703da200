import type { GgufValue } from '@tunesmith/checkpoints';
import { GgufConfigReader } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, WeightName } from '../model-family.js';
import { ggufRopeMetadata } from '../rope-config.js';
import { savedWithoutHead } from '../saved-without-head.js';
import type { Qwen3Config } from './config.js';

/** Names and layouts of Qwen3 checkpoints. llama.cpp turns their heads in halves, so no rows move on the way to GGUF. */
export const qwen3Weights: FamilyWeights<Qwen3Config> = {
  tensors,
  ignored: [{ pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' }],
  spellings: savedWithoutHead,
  gguf: { architecture: 'qwen3', configFromGguf, metadataFromConfig, derivedTensors: () => [] },
};

function tensors(config: Qwen3Config): WeightName[] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim: headDim, num_attention_heads: heads, num_key_value_heads: keyValueHeads } = config;
  const names: WeightName[] = [{ huggingFace: 'model.embed_tokens.weight', gguf: 'token_embd.weight', shape: [config.vocab_size, hidden] }];

  const linear = (path: string, gguf: string, out: number, from: number, bias = false) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from] });
    if (bias) names.push({ huggingFace: `${path}.bias`, gguf: `${gguf}.bias`, shape: [out] });
  };
  const norm = (path: string, gguf: string, size = hidden) => names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [size] });

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
    norm(`${path}.post_attention_layernorm`, `${gguf}.ffn_norm`);
    linear(`${path}.mlp.gate_proj`, `${gguf}.ffn_gate`, inner, hidden);
    linear(`${path}.mlp.up_proj`, `${gguf}.ffn_up`, inner, hidden);
    linear(`${path}.mlp.down_proj`, `${gguf}.ffn_down`, hidden, inner);
  }
  norm('model.norm', 'output_norm');
  if (!config.tie_word_embeddings) linear('lm_head', 'output', config.vocab_size, hidden);
  return names;
}

function configFromGguf(source: GgufConfigSource): Record<string, unknown> {
  const read = new GgufConfigReader('qwen3', source);
  const heads = read.integer('attention.head_count');
  const hidden = read.integer('embedding_length');
  const embedding = source.tensorShape('token_embd.weight');
  if (!embedding) refuse('GGUF file', 'the tensor token_embd.weight is missing');
  const headDim = read.optionalInteger('attention.key_length') ?? hidden / heads;
  const valueLength = read.optionalInteger('attention.value_length') ?? headDim;
  if (valueLength !== headDim) refuse('GGUF file', `keys (${headDim}) and values (${valueLength}) must have one size`);
  return {
    architectures: ['Qwen3ForCausalLM'],
    model_type: 'qwen3',
    vocab_size: embedding[0],
    hidden_size: hidden,
    intermediate_size: read.integer('feed_forward_length'),
    num_hidden_layers: read.integer('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: read.optionalInteger('attention.head_count_kv') ?? heads,
    head_dim: headDim,
    hidden_act: 'silu',
    max_position_embeddings: read.integer('context_length'),
    rms_norm_eps: read.float('attention.layer_norm_rms_epsilon'),
    rope_theta: read.optionalFloat('rope.freq_base') ?? 10_000,
    rope_scaling: read.ropeScaling(),
    tie_word_embeddings: source.tensorShape('output.weight') === undefined,
    attention_bias: source.tensorShape('blk.0.attn_q.bias') !== undefined,
    use_sliding_window: false,
  };
}

function metadataFromConfig(config: Qwen3Config): Record<string, GgufValue> {
  if (config.attention_bias) refuse('GGUF export', 'llama.cpp has no attention biases for this architecture');
  // The architecture has no window. Inside one window's length the window changes nothing, so the context ends there.
  const context = Math.min(config.max_position_embeddings, config.sliding_window ?? Infinity);
  return {
    'qwen3.vocab_size': { type: 'uint32', value: config.vocab_size },
    'qwen3.context_length': { type: 'uint32', value: context },
    'qwen3.embedding_length': { type: 'uint32', value: config.hidden_size },
    'qwen3.block_count': { type: 'uint32', value: config.num_hidden_layers },
    'qwen3.feed_forward_length': { type: 'uint32', value: config.intermediate_size },
    'qwen3.attention.head_count': { type: 'uint32', value: config.num_attention_heads },
    'qwen3.attention.head_count_kv': { type: 'uint32', value: config.num_key_value_heads },
    'qwen3.attention.key_length': { type: 'uint32', value: config.head_dim },
    'qwen3.attention.value_length': { type: 'uint32', value: config.head_dim },
    'qwen3.attention.layer_norm_rms_epsilon': { type: 'float32', value: config.rms_norm_eps },
    ...ggufRopeMetadata('qwen3', config.rotary),
  };
}

function refuse(where: string, problem: string): never {
  throw new ModelConfigError({ message: `${where} of a qwen3 model: ${problem}.`, facts: { family: 'qwen3', problems: [problem] } });
}
