import type { GgufValue } from '@tunesmith/checkpoints';
import { GgufConfigReader } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, WeightName, WeightTransform } from '../model-family.js';
import { ggufRopeMetadata } from '../rope-config.js';
import { savedWithoutHead } from '../saved-without-head.js';
import type { MixtralConfig } from './config.js';

/**
 * Names and layouts of Mixtral checkpoints. llama.cpp stores them under the architecture `llama`, the experts of a layer one under another in one
 * tensor of each kind. (Files from before April 2024, with a tensor for each expert, are refused by what they lack.)
 */
export const mixtralWeights: FamilyWeights<MixtralConfig> = {
  tensors,
  ignored: [{ pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' }],
  spellings: savedWithoutHead,
  gguf: { architecture: 'llama', serves: (get) => Number(get('llama.expert_count') ?? 0) > 0, configFromGguf, metadataFromConfig, derivedTensors: () => [] },
};

function tensors(config: MixtralConfig): WeightName[] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim: headDim, num_attention_heads: heads, num_key_value_heads: keyValueHeads, num_local_experts: experts } = config;
  const names: WeightName[] = [{ huggingFace: 'model.embed_tokens.weight', gguf: 'token_embd.weight', shape: [config.vocab_size, hidden] }];

  const linear = (path: string, gguf: string, out: number, from: number, transform?: WeightTransform) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from], transform });
  };
  const ofExperts = (path: string, name: string, gguf: string, out: number, from: number) => {
    for (let index = 0; index < experts; index += 1) {
      names.push({ huggingFace: `${path}.experts.${index}.${name}.weight`, gguf: `${gguf}.weight`, shape: [out, from], stack: { index, count: experts } });
    }
  };
  const norm = (path: string, gguf: string) => names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [hidden] });

  for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
    const path = `model.layers.${layer}`;
    const gguf = `blk.${layer}`;
    norm(`${path}.input_layernorm`, `${gguf}.attn_norm`);
    linear(`${path}.self_attn.q_proj`, `${gguf}.attn_q`, heads * headDim, hidden, { kind: 'interleave-heads', heads });
    linear(`${path}.self_attn.k_proj`, `${gguf}.attn_k`, keyValueHeads * headDim, hidden, { kind: 'interleave-heads', heads: keyValueHeads });
    linear(`${path}.self_attn.v_proj`, `${gguf}.attn_v`, keyValueHeads * headDim, hidden);
    linear(`${path}.self_attn.o_proj`, `${gguf}.attn_output`, hidden, heads * headDim);
    norm(`${path}.post_attention_layernorm`, `${gguf}.ffn_norm`);
    names.push({ huggingFace: `${path}.block_sparse_moe.gate.weight`, gguf: `${gguf}.ffn_gate_inp.weight`, shape: [experts, hidden], keepFloat: true });
    ofExperts(`${path}.block_sparse_moe`, 'w1', `${gguf}.ffn_gate_exps`, inner, hidden);
    ofExperts(`${path}.block_sparse_moe`, 'w2', `${gguf}.ffn_down_exps`, hidden, inner);
    ofExperts(`${path}.block_sparse_moe`, 'w3', `${gguf}.ffn_up_exps`, inner, hidden);
  }
  norm('model.norm', 'output_norm');
  if (!config.tie_word_embeddings) linear('lm_head', 'output', config.vocab_size, hidden);
  return names;
}

function configFromGguf(source: GgufConfigSource): Record<string, unknown> {
  const read = new GgufConfigReader('llama', source);
  const heads = read.integer('attention.head_count');
  const hidden = read.integer('embedding_length');
  const embedding = source.tensorShape('token_embd.weight');
  if (!embedding) refuse('the tensor token_embd.weight is missing');
  const headDim = read.optionalInteger('attention.key_length') ?? read.optionalInteger('rope.dimension_count') ?? hidden / heads;
  const valueLength = read.optionalInteger('attention.value_length') ?? headDim;
  const turned = read.optionalInteger('rope.dimension_count') ?? headDim;
  if (valueLength !== headDim || turned !== headDim) refuse(`keys (${headDim}), values (${valueLength}) and rotations (${turned}) must have one size`);

  if (source.ropeFactors) refuse('it has rope_freqs.weight, which no published model of this family has');
  return {
    architectures: ['MixtralForCausalLM'],
    model_type: 'mixtral',
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
    sliding_window: null,
    num_local_experts: read.integer('expert_count'),
    num_experts_per_tok: read.integer('expert_used_count'),
  };
}

function metadataFromConfig(config: MixtralConfig): Record<string, GgufValue> {
  // The architecture has no window. Inside one window's length the window changes nothing, so the context ends there.
  const context = Math.min(config.max_position_embeddings, config.sliding_window ?? Infinity);
  return {
    'llama.vocab_size': { type: 'uint32', value: config.vocab_size },
    'llama.context_length': { type: 'uint32', value: context },
    'llama.embedding_length': { type: 'uint32', value: config.hidden_size },
    'llama.block_count': { type: 'uint32', value: config.num_hidden_layers },
    'llama.feed_forward_length': { type: 'uint32', value: config.intermediate_size },
    'llama.attention.head_count': { type: 'uint32', value: config.num_attention_heads },
    'llama.attention.head_count_kv': { type: 'uint32', value: config.num_key_value_heads },
    'llama.attention.key_length': { type: 'uint32', value: config.head_dim },
    'llama.attention.value_length': { type: 'uint32', value: config.head_dim },
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: config.rms_norm_eps },
    'llama.expert_count': { type: 'uint32', value: config.num_local_experts },
    'llama.expert_used_count': { type: 'uint32', value: config.num_experts_per_tok },
    'llama.rope.dimension_count': { type: 'uint32', value: config.head_dim },
    ...ggufRopeMetadata('llama', config.rotary),
  };
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `GGUF file of a mixtral model: ${problem}.`, facts: { family: 'mixtral', problems: [problem] } });
}
