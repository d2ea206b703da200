import { familyFor } from '@tunesmith/models';
import { describeDecoderGraph } from '../../testing/describe-decoder-graph.js';
import { describeEncoderDecoderGraph } from '../../testing/describe-encoder-decoder-graph.js';
import { graphOf } from './graphs.js';

const common = { vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 3, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 128, rms_norm_eps: 1e-5 };

describeDecoderGraph('llama', {
  fixtures: ['llama-biases', 'llama-grouped-tied', 'llama-rope-linear', 'llama-rope-llama3', 'llama-rope-yarn', 'mistral-window'],
  drawn: { ...common, architectures: ['MistralForCausalLM'], sliding_window: 8 },
});

describeDecoderGraph('qwen2', {
  fixtures: ['qwen2-published-tied', 'qwen2-window-by-count', 'qwen2-layer-types-yarn'],
  drawn: { ...common, architectures: ['Qwen2ForCausalLM'], tie_word_embeddings: true },
});

describeDecoderGraph('qwen3', {
  fixtures: ['qwen3-published-tied', 'qwen3-biases-untied', 'qwen3-window', 'qwen3-rope-yarn'],
  drawn: { ...common, architectures: ['Qwen3ForCausalLM'], head_dim: 32, tie_word_embeddings: true },
});

describeDecoderGraph('gemma3', {
  fixtures: ['gemma3-pattern', 'gemma3-published-linear', 'gemma3-softcap-untied'],
  drawn: { ...common, architectures: ['Gemma3ForCausalLM'], head_dim: 16, query_pre_attn_scalar: 16, sliding_window: 8, layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'] },
});

describeDecoderGraph('phi3', {
  fixtures: ['phi3-published-window', 'phi3-partial-longrope-tied', 'phi3-longrope-long'],
  drawn: { ...common, architectures: ['Phi3ForCausalLM'], partial_rotary_factor: 0.5 },
  turnsChangeBeyond: 12,
});

describeDecoderGraph('gpt2', {
  fixtures: ['gpt2-new-gelu', 'gpt2-cerebras-inner', 'gpt2-layer-scaled-untied', 'gpt2-unscaled'],
  drawn: { architectures: ['GPT2LMHeadModel'], vocab_size: 320, n_positions: 64, n_embd: 64, n_layer: 3, n_head: 4, n_inner: 96 },
});

describeEncoderDecoderGraph('t5', {
  fixtures: ['t5-relu-tied', 't5-gated-untied', 't5-gated-tied-buckets', 't5-gated-silu', 'mt5-published'],
  drawn: { architectures: ['T5ForConditionalGeneration'], vocab_size: 320, d_model: 64, d_kv: 16, d_ff: 96, num_layers: 3, num_heads: 4, feed_forward_proj: 'gated-gelu', tie_word_embeddings: false },
});

// A family leaves this list when its graph is written.
test.each(['mixtral', 'gemma2', 'gpt_neo', 'gpt_neox'])('the family %s, which has no graph, is refused with those that have one', (name) => {
  expect(() => graphOf({ family: familyFor({ model_type: name }) })).toThrow(
    expect.objectContaining({ code: 'family-without-graph', message: expect.stringMatching(new RegExp(`family ${name} has no ONNX graph.*llama, qwen2, qwen3, gemma3, phi3, gpt2, t5.*GGUF`)) }),
  );
});
