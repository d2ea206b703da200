import { describeFamily } from '../testing/family-compliance.js';
import { gemma2 } from './index.js';

describeFamily(gemma2, ['gemma2-published', 'gemma2-layers-linear', 'gemma2-uncapped-untied', 'gemma2-one-cap']);

describe('configurations of published models', () => {
  const gemma2b = {
    architectures: ['Gemma2ForCausalLM'], attention_bias: false, attention_dropout: 0.0, attn_logit_softcapping: 50.0, bos_token_id: 2, cache_implementation: 'hybrid', eos_token_id: 1,
    final_logit_softcapping: 30.0, head_dim: 256, hidden_act: 'gelu_pytorch_tanh', hidden_activation: 'gelu_pytorch_tanh', hidden_size: 2304, initializer_range: 0.02, intermediate_size: 9216,
    max_position_embeddings: 8192, model_type: 'gemma2', num_attention_heads: 8, num_hidden_layers: 26, num_key_value_heads: 4, pad_token_id: 0, query_pre_attn_scalar: 256, rms_norm_eps: 1e-6,
    rope_theta: 10000.0, sliding_window: 4096, torch_dtype: 'float32', transformers_version: '4.42.4', use_cache: true, vocab_size: 256000,
  };

  test('gemma-2-2b, and through GGUF', () => {
    const config = gemma2.parseConfig(gemma2b);
    expect(config).toMatchObject({ tie_word_embeddings: true, sliding_window: 4096, rotary: { theta: 10_000, scaling: null } });
    expect(config.layer_types.slice(0, 3)).toEqual(['sliding_attention', 'full_attention', 'sliding_attention']);
    const metadata = gemma2.weights.gguf.metadataFromConfig(config);
    const shapes = new Map(gemma2.weights.tensors(config).map((weight) => [weight.gguf, weight.shape]));
    expect(gemma2.parseConfig(gemma2.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape: (name) => shapes.get(name) }))).toEqual(config);
  });

  test('gemma-2-27b divides scores by hidden / heads, which llama.cpp knows by its layers', () => {
    const published = { ...gemma2b, hidden_size: 4608, num_hidden_layers: 46, num_attention_heads: 32, num_key_value_heads: 16, head_dim: 128, query_pre_attn_scalar: 144 };
    expect(() => gemma2.weights.gguf.metadataFromConfig(gemma2.parseConfig(published))).not.toThrow();
    expect(() => gemma2.weights.gguf.metadataFromConfig(gemma2.parseConfig({ ...published, query_pre_attn_scalar: 128 }))).toThrow(/fixes 144/);
  });

  test('what llama.cpp fixes in code cannot be exported otherwise', () => {
    const metadata = (change: object) => () => gemma2.weights.gguf.metadataFromConfig(gemma2.parseConfig({ ...gemma2b, ...change }));
    expect(metadata({ layer_types: Array(26).fill('full_attention') })).toThrow(/layer 0 is full_attention/);
    expect(metadata({ query_pre_attn_scalar: 100 })).toThrow(/query_pre_attn_scalar is 100/);
    expect(metadata({ attention_bias: true })).toThrow(/biases/);
    expect(metadata({ tie_word_embeddings: false })).toThrow(/takes the embedding for the head/);
    expect(metadata({ final_logit_softcapping: null })).toThrow(/soft cap is null/);
    expect(metadata({ sliding_window: null })).toThrow(/sliding_window is null/);
  });

  test.each([
    [{ use_bidirectional_attention: true }, /causal/],
    [{ attn_logit_softcapping: 0 }, /attn_logit_softcapping/],
    [{ layer_types: ['full_attention'] }, /layer_types names 1 layers/],
    [{ hidden_activation: 'silu' }, /hidden_activation/],
  ])('refuses %p', (change, message) => {
    expect(() => gemma2.parseConfig({ ...gemma2b, ...change })).toThrow(message);
  });
});
