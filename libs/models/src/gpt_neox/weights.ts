import type { GgufValue } from '@tunesmith/checkpoints';
import { GgufConfigReader } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, WeightName, WeightTransform } from '../model-family.js';
import { ggufRopeMetadata } from '../rope-config.js';
import type { GptNeoXConfig } from './config.js';

/** Names and layouts of GPT-NeoX checkpoints. */
export const gptNeoXWeights: FamilyWeights<GptNeoXConfig> = {
  tensors,
  ignored: [
    { pattern: /^gpt_neox\.layers\.\d+\.attention\.(?:bias|masked_bias)$/, reason: 'the causal mask, which follows from the number of positions' },
    { pattern: /^gpt_neox\.layers\.\d+\.attention\.rotary_emb\.inv_freq$/, reason: 'old files store the rotation speeds, which follow from the configuration' },
    { pattern: /^embed_out\.weight$/, reason: 'a tied head stored twice' },
  ],
  spellings: [
    { pattern: /^lm_head\.weight$/, replacement: 'embed_out.weight', reason: 'what transformers 5 calls the head in memory' },
    { pattern: /^(?=(?:embed_in|final_layer_norm|layers\.\d+)\.)/, replacement: 'gpt_neox.', reason: 'saved from the model without its head' },
  ],
  gguf: { architecture: 'gptneox', configFromGguf, metadataFromConfig, derivedTensors: () => [] },
};

function tensors(config: GptNeoXConfig): WeightName[] {
  const { vocab_size, hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads, attention_bias } = config;
  const names: WeightName[] = [{ huggingFace: 'gpt_neox.embed_in.weight', gguf: 'token_embd.weight', shape: [vocab_size, hidden] }];
  const linear = (path: string, gguf: string, out: number, from: number, bias: boolean, transform?: WeightTransform) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from], transform });
    if (bias) names.push({ huggingFace: `${path}.bias`, gguf: `${gguf}.bias`, shape: [out], transform });
  };
  const norm = (path: string, gguf: string) => {
    for (const part of ['weight', 'bias']) names.push({ huggingFace: `${path}.${part}`, gguf: `${gguf}.${part}`, shape: [hidden] });
  };

  for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
    const path = `gpt_neox.layers.${layer}`;
    const gguf = `blk.${layer}`;
    norm(`${path}.input_layernorm`, `${gguf}.attn_norm`);
    norm(`${path}.post_attention_layernorm`, `${gguf}.ffn_norm`);
    linear(`${path}.attention.query_key_value`, `${gguf}.attn_qkv`, 3 * hidden, hidden, attention_bias, { kind: 'join-roles', heads });
    linear(`${path}.attention.dense`, `${gguf}.attn_output`, hidden, hidden, attention_bias);
    linear(`${path}.mlp.dense_h_to_4h`, `${gguf}.ffn_up`, inner, hidden, true);
    linear(`${path}.mlp.dense_4h_to_h`, `${gguf}.ffn_down`, hidden, inner, true);
  }
  norm('gpt_neox.final_layer_norm', 'output_norm');
  if (!config.tie_word_embeddings) linear('embed_out', 'output', vocab_size, hidden, false);
  return names;
}

function configFromGguf(source: GgufConfigSource): Record<string, unknown> {
  const read = new GgufConfigReader('gptneox', source);
  const embedding = source.tensorShape('token_embd.weight');
  if (!embedding) refuse('GGUF file', 'the tensor token_embd.weight is missing');
  const hidden = read.integer('embedding_length');
  const heads = read.integer('attention.head_count');
  const headDim = hidden / heads;
  return {
    architectures: ['GPTNeoXForCausalLM'],
    model_type: 'gpt_neox',
    vocab_size: embedding[0],
    hidden_size: hidden,
    num_hidden_layers: read.integer('block_count'),
    num_attention_heads: heads,
    intermediate_size: read.integer('feed_forward_length'),
    // The keys do not say which GELU; this is the one that models of this architecture are published with.
    hidden_act: 'gelu',
    max_position_embeddings: read.integer('context_length'),
    layer_norm_eps: read.float('attention.layer_norm_epsilon'),
    use_parallel_residual: read.boolean('use_parallel_residual'),
    attention_bias: source.tensorShape('blk.0.attn_qkv.bias') !== undefined,
    rotary_pct: (read.optionalInteger('rope.dimension_count') ?? headDim) / headDim,
    rotary_emb_base: read.optionalFloat('rope.freq_base') ?? 10_000,
    rope_scaling: read.ropeScaling(),
    tie_word_embeddings: source.tensorShape('output.weight') === undefined,
  };
}

function metadataFromConfig(config: GptNeoXConfig): Record<string, GgufValue> {
  if (!config.attention_bias) refuse('GGUF export', 'attention_bias is false, but llama.cpp asks for the biases of attention');
  if (config.tie_word_embeddings) refuse('GGUF export', 'tie_word_embeddings is true, but llama.cpp asks for a head of its own');
  return {
    'gptneox.vocab_size': { type: 'uint32', value: config.vocab_size },
    'gptneox.context_length': { type: 'uint32', value: config.max_position_embeddings },
    'gptneox.embedding_length': { type: 'uint32', value: config.hidden_size },
    'gptneox.block_count': { type: 'uint32', value: config.num_hidden_layers },
    'gptneox.feed_forward_length': { type: 'uint32', value: config.intermediate_size },
    'gptneox.attention.head_count': { type: 'uint32', value: config.num_attention_heads },
    'gptneox.attention.layer_norm_epsilon': { type: 'float32', value: config.layer_norm_eps },
    'gptneox.rope.dimension_count': { type: 'uint32', value: config.turned },
    'gptneox.use_parallel_residual': { type: 'bool', value: config.use_parallel_residual },
    ...ggufRopeMetadata('gptneox', config.rotary),
  };
}

function refuse(where: string, problem: string): never {
  throw new ModelConfigError({ message: `${where} of a gpt_neox model: ${problem}.`, facts: { family: 'gpt_neox', problems: [problem] } });
}
