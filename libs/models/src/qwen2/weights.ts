import type { GgufValue } from '@tunesmith/checkpoints';
import { GgufConfigReader } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, WeightName } from '../model-family.js';
import { ggufRopeMetadata } from '../rope-config.js';
import { savedWithoutHead } from '../saved-without-head.js';
import type { Qwen2Config } from './config.js';

/** Names and layouts of Qwen2 checkpoints. llama.cpp turns their heads in halves, so no rows move on the way to GGUF. */
export const qwen2Weights: FamilyWeights<Qwen2Config> = {
  tensors,
  ignored: [{ pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' }],
  spellings: savedWithoutHead,
  gguf: { architecture: 'qwen2', configFromGguf, metadataFromConfig, derivedTensors: () => [] },
};

function tensors(config: Qwen2Config): WeightName[] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim: headDim, num_attention_heads: heads, num_key_value_heads: keyValueHeads } = config;
  const names: WeightName[] = [{ huggingFace: 'model.embed_tokens.weight', gguf: 'token_embd.weight', shape: [config.vocab_size, hidden] }];

  const linear = (path: string, gguf: string, out: number, from: number, bias = false) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from] });
    if (bias) names.push({ huggingFace: `${path}.bias`, gguf: `${gguf}.bias`, shape: [out] });
  };
  const norm = (path: string, gguf: string) => names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [hidden] });

  for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
    const path = `model.layers.${layer}`;
    const gguf = `blk.${layer}`;
    norm(`${path}.input_layernorm`, `${gguf}.attn_norm`);
    linear(`${path}.self_attn.q_proj`, `${gguf}.attn_q`, heads * headDim, hidden, true);
    linear(`${path}.self_attn.k_proj`, `${gguf}.attn_k`, keyValueHeads * headDim, hidden, true);
    linear(`${path}.self_attn.v_proj`, `${gguf}.attn_v`, keyValueHeads * headDim, hidden, true);
    linear(`${path}.self_attn.o_proj`, `${gguf}.attn_output`, hidden, heads * headDim);
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
  const read = new GgufConfigReader('qwen2', source);
  const heads = read.integer('attention.head_count');
  const hidden = read.integer('embedding_length');
  const embedding = source.tensorShape('token_embd.weight');
  if (!embedding) refuse('GGUF file', 'the tensor token_embd.weight is missing');
  return {
    architectures: ['Qwen2ForCausalLM'],
    model_type: 'qwen2',
    vocab_size: embedding[0],
    hidden_size: hidden,
    intermediate_size: read.integer('feed_forward_length'),
    num_hidden_layers: read.integer('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: read.optionalInteger('attention.head_count_kv') ?? heads,
    hidden_act: 'silu',
    max_position_embeddings: read.integer('context_length'),
    rms_norm_eps: read.float('attention.layer_norm_rms_epsilon'),
    rope_theta: read.optionalFloat('rope.freq_base') ?? 10_000,
    rope_scaling: read.ropeScaling(),
    tie_word_embeddings: source.tensorShape('output.weight') === undefined,
    use_sliding_window: false,
  };
}

function metadataFromConfig(config: Qwen2Config): Record<string, GgufValue> {
  if (config.head_dim * config.num_attention_heads !== config.hidden_size) {
    refuse('GGUF export', `head_dim is ${config.head_dim}, but llama.cpp fixes hidden_size / num_attention_heads for this architecture`);
  }
  // The architecture has no window. Inside one window's length the window changes nothing, so the context ends there.
  const context = Math.min(config.max_position_embeddings, config.sliding_window ?? Infinity);
  return {
    'qwen2.vocab_size': { type: 'uint32', value: config.vocab_size },
    'qwen2.context_length': { type: 'uint32', value: context },
    'qwen2.embedding_length': { type: 'uint32', value: config.hidden_size },
    'qwen2.block_count': { type: 'uint32', value: config.num_hidden_layers },
    'qwen2.feed_forward_length': { type: 'uint32', value: config.intermediate_size },
    'qwen2.attention.head_count': { type: 'uint32', value: config.num_attention_heads },
    'qwen2.attention.head_count_kv': { type: 'uint32', value: config.num_key_value_heads },
    'qwen2.attention.layer_norm_rms_epsilon': { type: 'float32', value: config.rms_norm_eps },
    ...ggufRopeMetadata('qwen2', config.rotary),
  };
}

function refuse(where: string, problem: string): never {
  throw new ModelConfigError({ message: `${where} of a qwen2 model: ${problem}.`, facts: { family: 'qwen2', problems: [problem] } });
}
