import type { GgufValue } from '@tunesmith/checkpoints';
import { GgufConfigReader } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, WeightName } from '../model-family.js';
import { ggufRopeMetadata } from '../rope-config.js';
import { savedWithoutHead } from '../saved-without-head.js';
import type { Gemma2Config } from './config.js';

/** gemma-2-27b alone divides scores by hidden / heads; llama.cpp knows it by its layer count. */
const layersOf27b = 46;

/** Names and layouts of Gemma 2 checkpoints. GGUF holds every norm as w + 1. */
export const gemma2Weights: FamilyWeights<Gemma2Config> = {
  tensors,
  ignored: [{ pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' }],
  spellings: savedWithoutHead,
  gguf: { architecture: 'gemma2', configFromGguf, metadataFromConfig, derivedTensors: () => [] },
};

function tensors(config: Gemma2Config): WeightName[] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim: headDim, num_attention_heads: heads, num_key_value_heads: keyValueHeads } = config;
  const names: WeightName[] = [{ huggingFace: 'model.embed_tokens.weight', gguf: 'token_embd.weight', shape: [config.vocab_size, hidden] }];

  const linear = (path: string, gguf: string, out: number, from: number, bias: boolean) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from] });
    if (bias) names.push({ huggingFace: `${path}.bias`, gguf: `${gguf}.bias`, shape: [out] });
  };
  const norm = (path: string, gguf: string) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [hidden], transform: { kind: 'plus-one' } });
  };

  for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
    const path = `model.layers.${layer}`;
    const gguf = `blk.${layer}`;
    norm(`${path}.input_layernorm`, `${gguf}.attn_norm`);
    linear(`${path}.self_attn.q_proj`, `${gguf}.attn_q`, heads * headDim, hidden, config.attention_bias);
    linear(`${path}.self_attn.k_proj`, `${gguf}.attn_k`, keyValueHeads * headDim, hidden, config.attention_bias);
    linear(`${path}.self_attn.v_proj`, `${gguf}.attn_v`, keyValueHeads * headDim, hidden, config.attention_bias);
    linear(`${path}.self_attn.o_proj`, `${gguf}.attn_output`, hidden, heads * headDim, config.attention_bias);
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
  const read = new GgufConfigReader('gemma2', source);
  const heads = read.integer('attention.head_count');
  const hidden = read.integer('embedding_length');
  const layers = read.integer('block_count');
  const embedding = source.tensorShape('token_embd.weight');
  if (!embedding) refuse('GGUF file', 'the tensor token_embd.weight is missing');
  const headDim = read.optionalInteger('attention.key_length') ?? 256;
  const valueLength = read.optionalInteger('attention.value_length') ?? headDim;
  if (valueLength !== headDim) refuse('GGUF file', `keys (${headDim}) and values (${valueLength}) must have one size`);
  return {
    architectures: ['Gemma2ForCausalLM'],
    model_type: 'gemma2',
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
    // What llama.cpp takes where a key is absent.
    sliding_window: read.optionalInteger('attention.sliding_window') ?? 4096,
    final_logit_softcapping: read.optionalFloat('final_logit_softcapping') ?? 30,
    attn_logit_softcapping: read.optionalFloat('attn_logit_softcapping') ?? 50,
    rope_theta: read.optionalFloat('rope.freq_base') ?? 10_000,
    rope_scaling: read.ropeScaling(),
    attention_bias: false,
    tie_word_embeddings: source.tensorShape('output.weight') === undefined,
  };
}

function metadataFromConfig(config: Gemma2Config): Record<string, GgufValue> {
  const { head_dim: headDim, num_hidden_layers: layers, final_logit_softcapping: finalCap, attn_logit_softcapping: scoreCap, sliding_window: window } = config;
  const wrongLayer = config.layer_types.findIndex((type, index) => (type === 'sliding_attention') !== (index % 2 === 0));
  if (wrongLayer >= 0) refuse('GGUF export', `layer ${wrongLayer} is ${config.layer_types[wrongLayer]}, but in llama.cpp layers 0, 2, 4 … slide and no others`);
  const scalar = layers === layersOf27b ? config.hidden_size / config.num_attention_heads : headDim;
  if (config.query_pre_attn_scalar !== scalar) refuse('GGUF export', `query_pre_attn_scalar is ${config.query_pre_attn_scalar}, but llama.cpp fixes ${scalar}`);
  if (config.attention_bias) refuse('GGUF export', 'llama.cpp has no attention biases for this architecture');
  if (!config.tie_word_embeddings) refuse('GGUF export', 'tie_word_embeddings is false, but llama.cpp always takes the embedding for the head');
  if (finalCap === null || scoreCap === null) refuse('GGUF export', 'a soft cap is null, but llama.cpp always bounds scores and logits');
  if (window === null) refuse('GGUF export', 'sliding_window is null, but in llama.cpp every second layer has a window');
  return {
    'gemma2.vocab_size': { type: 'uint32', value: config.vocab_size },
    'gemma2.context_length': { type: 'uint32', value: config.max_position_embeddings },
    'gemma2.embedding_length': { type: 'uint32', value: config.hidden_size },
    'gemma2.block_count': { type: 'uint32', value: layers },
    'gemma2.feed_forward_length': { type: 'uint32', value: config.intermediate_size },
    'gemma2.attention.head_count': { type: 'uint32', value: config.num_attention_heads },
    'gemma2.attention.head_count_kv': { type: 'uint32', value: config.num_key_value_heads },
    'gemma2.attention.key_length': { type: 'uint32', value: headDim },
    'gemma2.attention.value_length': { type: 'uint32', value: headDim },
    'gemma2.attention.layer_norm_rms_epsilon': { type: 'float32', value: config.rms_norm_eps },
    'gemma2.attention.sliding_window': { type: 'uint32', value: window },
    'gemma2.attn_logit_softcapping': { type: 'float32', value: scoreCap },
    'gemma2.final_logit_softcapping': { type: 'float32', value: finalCap },
    ...ggufRopeMetadata('gemma2', config.rotary),
  };
}

function refuse(where: string, problem: string): never {
  throw new ModelConfigError({ message: `${where} of a gemma2 model: ${problem}.`, facts: { family: 'gemma2', problems: [problem] } });
}
