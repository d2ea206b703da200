import type { GgufValue } from '@tunesmith/checkpoints';
import { GgufConfigReader } from '../gguf-config.js';
import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, GgufConfigSource, WeightName } from '../model-family.js';
import type { Gpt2Config } from './config.js';

/** Names and layouts of GPT-2 checkpoints. Their linears are Conv1D, stored [in, out]; GGUF has them as [out, in]. */
export const gpt2Weights: FamilyWeights<Gpt2Config> = {
  tensors,
  ignored: [
    { pattern: /^transformer\.h\.\d+\.attn\.(?:bias|masked_bias)$/, reason: 'the causal mask, which follows from the number of positions' },
    { pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' },
  ],
  spellings: [{ pattern: /^(?=(?:wte|wpe|ln_f|h\.\d+)\.)/, replacement: 'transformer.', reason: 'GPT-2 as first published was saved without its head' }],
  gguf: { architecture: 'gpt2', configFromGguf, metadataFromConfig, derivedTensors: () => [] },
};

function tensors({ vocab_size, n_positions, n_embd: hidden, n_inner: inner, n_layer, tie_word_embeddings }: Gpt2Config): WeightName[] {
  const names: WeightName[] = [
    { huggingFace: 'transformer.wte.weight', gguf: 'token_embd.weight', shape: [vocab_size, hidden] },
    { huggingFace: 'transformer.wpe.weight', gguf: 'position_embd.weight', shape: [n_positions, hidden] },
  ];
  const linear = (path: string, gguf: string, out: number, from: number) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from], stored: 'transposed' });
    names.push({ huggingFace: `${path}.bias`, gguf: `${gguf}.bias`, shape: [out] });
  };
  const norm = (path: string, gguf: string) => {
    for (const part of ['weight', 'bias']) names.push({ huggingFace: `${path}.${part}`, gguf: `${gguf}.${part}`, shape: [hidden] });
  };

  for (let layer = 0; layer < n_layer; layer += 1) {
    const path = `transformer.h.${layer}`;
    const gguf = `blk.${layer}`;
    norm(`${path}.ln_1`, `${gguf}.attn_norm`);
    linear(`${path}.attn.c_attn`, `${gguf}.attn_qkv`, 3 * hidden, hidden);
    linear(`${path}.attn.c_proj`, `${gguf}.attn_output`, hidden, hidden);
    norm(`${path}.ln_2`, `${gguf}.ffn_norm`);
    linear(`${path}.mlp.c_fc`, `${gguf}.ffn_up`, inner, hidden);
    linear(`${path}.mlp.c_proj`, `${gguf}.ffn_down`, hidden, inner);
  }
  norm('transformer.ln_f', 'output_norm');
  if (!tie_word_embeddings) names.push({ huggingFace: 'lm_head.weight', gguf: 'output.weight', shape: [vocab_size, hidden] });
  return names;
}

function configFromGguf(source: GgufConfigSource): Record<string, unknown> {
  const read = new GgufConfigReader('gpt2', source);
  const embedding = source.tensorShape('token_embd.weight');
  if (!embedding) refuse('GGUF file', 'the tensor token_embd.weight is missing');
  return {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    vocab_size: embedding[0],
    n_positions: read.integer('context_length'),
    n_embd: read.integer('embedding_length'),
    n_layer: read.integer('block_count'),
    n_head: read.integer('attention.head_count'),
    n_inner: read.integer('feed_forward_length'),
    // The keys do not say which GELU; llama.cpp always computes this one.
    activation_function: 'gelu_new',
    layer_norm_epsilon: read.float('attention.layer_norm_epsilon'),
    tie_word_embeddings: source.tensorShape('output.weight') === undefined,
  };
}

function metadataFromConfig(config: Gpt2Config): Record<string, GgufValue> {
  if (!config.scale_attn_weights) refuse('GGUF export', 'scale_attn_weights is false, but llama.cpp always divides scores by the square root of the head size');
  if (config.scale_attn_by_inverse_layer_idx) refuse('GGUF export', 'scale_attn_by_inverse_layer_idx is true, but llama.cpp scales every layer alike');
  return {
    'gpt2.vocab_size': { type: 'uint32', value: config.vocab_size },
    'gpt2.context_length': { type: 'uint32', value: config.n_positions },
    'gpt2.embedding_length': { type: 'uint32', value: config.n_embd },
    'gpt2.block_count': { type: 'uint32', value: config.n_layer },
    'gpt2.feed_forward_length': { type: 'uint32', value: config.n_inner },
    'gpt2.attention.head_count': { type: 'uint32', value: config.n_head },
    'gpt2.attention.layer_norm_epsilon': { type: 'float32', value: config.layer_norm_epsilon },
  };
}

function refuse(where: string, problem: string): never {
  throw new ModelConfigError({ message: `${where} of a gpt2 model: ${problem}.`, facts: { family: 'gpt2', problems: [problem] } });
}
