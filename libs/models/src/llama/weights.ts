import type { GgufValue } from '@tunesmith/checkpoints';
import { llama3Divisors } from '@tunesmith/nn';
import { GgufConfigReader } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, WeightName, WeightTransform } from '../model-family.js';
import { ggufRopeMetadata } from '../rope-config.js';
import { savedWithoutHead } from '../saved-without-head.js';
import type { LlamaConfig } from './config.js';

/** Names and layouts of Llama-like checkpoints. llama.cpp stores Mistral under the architecture `llama` too. */
export const llamaWeights: FamilyWeights<LlamaConfig> = {
  tensors,
  ignored: [
    { pattern: /^model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/, reason: 'old files store the rotation speeds, which follow from the configuration' },
    { pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' },
  ],
  spellings: savedWithoutHead,
  gguf: { architecture: 'llama', serves: (get) => Number(get('llama.expert_count') ?? 0) === 0, configFromGguf, metadataFromConfig, derivedTensors },
};

function tensors(config: LlamaConfig): WeightName[] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim: headDim, num_attention_heads: heads, num_key_value_heads: keyValueHeads } = config;
  const names: WeightName[] = [{ huggingFace: 'model.embed_tokens.weight', gguf: 'token_embd.weight', shape: [config.vocab_size, hidden] }];

  const linear = (path: string, gguf: string, out: number, from: number, bias: boolean, transform?: WeightTransform) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from], transform });
    if (bias) names.push({ huggingFace: `${path}.bias`, gguf: `${gguf}.bias`, shape: [out], transform });
  };
  const norm = (path: string, gguf: string) => names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [hidden] });

  for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
    const path = `model.layers.${layer}`;
    const gguf = `blk.${layer}`;
    norm(`${path}.input_layernorm`, `${gguf}.attn_norm`);
    linear(`${path}.self_attn.q_proj`, `${gguf}.attn_q`, heads * headDim, hidden, config.attention_bias, { kind: 'interleave-heads', heads });
    linear(`${path}.self_attn.k_proj`, `${gguf}.attn_k`, keyValueHeads * headDim, hidden, config.attention_bias, { kind: 'interleave-heads', heads: keyValueHeads });
    linear(`${path}.self_attn.v_proj`, `${gguf}.attn_v`, keyValueHeads * headDim, hidden, config.attention_bias);
    linear(`${path}.self_attn.o_proj`, `${gguf}.attn_output`, hidden, heads * headDim, config.attention_bias);
    norm(`${path}.post_attention_layernorm`, `${gguf}.ffn_norm`);
    linear(`${path}.mlp.gate_proj`, `${gguf}.ffn_gate`, inner, hidden, config.mlp_bias);
    linear(`${path}.mlp.up_proj`, `${gguf}.ffn_up`, inner, hidden, config.mlp_bias);
    linear(`${path}.mlp.down_proj`, `${gguf}.ffn_down`, hidden, inner, config.mlp_bias);
  }
  norm('model.norm', 'output_norm');
  if (!config.tie_word_embeddings) linear('lm_head', 'output', config.vocab_size, hidden, false);
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

  const theta = read.optionalFloat('rope.freq_base') ?? 10_000;
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
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
    rope_theta: theta,
    rope_scaling: source.ropeFactors ? llama3Scaling(source.ropeFactors, theta, headDim) : read.ropeScaling(),
    tie_word_embeddings: source.tensorShape('output.weight') === undefined,
    attention_bias: source.tensorShape('blk.0.attn_q.bias') !== undefined,
    mlp_bias: source.tensorShape('blk.0.ffn_gate.bias') !== undefined,
  };
}

/** GGUF keeps only the divisors. Every published Llama 3.1 to 3.3 uses these three settings; what they do not explain is refused. */
function llama3Scaling(divisors: Float32Array, theta: number, headDim: number): Record<string, unknown> {
  const factor = Math.max(...divisors);
  const scaling = { kind: 'llama3', factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192 } as const;
  const expected = llama3Divisors({ theta, scaling }, headDim);
  if (divisors.length !== expected.length || divisors.some((value, index) => Math.abs(value - (expected[index] ?? 0)) > 1e-3 * value)) {
    refuse('rope_freqs.weight does not follow from the llama3 settings low 1, high 4, original context 8192; import the Hugging Face folder of this model instead');
  }
  return { rope_type: 'llama3', factor, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
}

function metadataFromConfig(config: LlamaConfig): Record<string, GgufValue> {
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
    'llama.rope.dimension_count': { type: 'uint32', value: config.head_dim },
    ...ggufRopeMetadata('llama', config.rotary, { takesDivisors: true }),
  };
}

function derivedTensors({ rotary, head_dim }: LlamaConfig) {
  return rotary.scaling?.kind === 'llama3' ? [{ name: 'rope_freqs.weight', values: llama3Divisors({ theta: rotary.theta, scaling: rotary.scaling }, head_dim) }] : [];
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `GGUF file of a llama model: ${problem}.`, facts: { family: 'llama', problems: [problem] } });
}
