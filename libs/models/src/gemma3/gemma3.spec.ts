import { describeFamily } from '../testing/family-compliance.js';
import { gemma3 } from './index.js';

describeFamily(gemma3, ['gemma3-pattern', 'gemma3-published-linear', 'gemma3-softcap-untied', 'gemma3-padding']);

describe('configurations of published models', () => {
  const gemma1b = {
    architectures: ['Gemma3ForCausalLM'], attention_bias: false, attention_dropout: 0.0, attn_logit_softcapping: null, bos_token_id: 2, cache_implementation: 'hybrid',
    eos_token_id: [1, 106], final_logit_softcapping: null, head_dim: 256, hidden_activation: 'gelu_pytorch_tanh', hidden_size: 1152, initializer_range: 0.02,
    intermediate_size: 6912, max_position_embeddings: 32768, model_type: 'gemma3_text', num_attention_heads: 4, num_hidden_layers: 26, num_key_value_heads: 1, pad_token_id: 0,
    query_pre_attn_scalar: 256, rms_norm_eps: 1e-6, rope_local_base_freq: 10000, rope_scaling: null, rope_theta: 1000000, sliding_window: 512, sliding_window_pattern: 6,
    torch_dtype: 'bfloat16', transformers_version: '4.50.0.dev0', use_cache: true, vocab_size: 262144,
  };

  test('gemma-3-1b-it, and through GGUF', () => {
    const config = gemma3.parseConfig(gemma1b);
    expect(config).toMatchObject({ tie_word_embeddings: true, rotary: { full_attention: { theta: 1_000_000, scaling: null }, sliding_attention: { theta: 10_000, scaling: null } } });
    const metadata = gemma3.weights.gguf.metadataFromConfig(config);
    const shapes = new Map(gemma3.weights.tensors(config).map((weight) => [weight.gguf, weight.shape]));
    expect(gemma3.parseConfig(gemma3.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape: (name) => shapes.get(name) }))).toEqual(config);
  });

  test('every norm, and nothing else, is stored in GGUF as w + 1', () => {
    const weights = gemma3.weights.tensors(gemma3.parseConfig(gemma1b));
    for (const { huggingFace, transform } of weights) expect([huggingFace, transform]).toEqual([huggingFace, huggingFace.includes('norm') ? { kind: 'plus-one' } : undefined]);
  });

  test('what llama.cpp fixes in code cannot be exported otherwise', () => {
    const metadata = (change: object) => () => gemma3.weights.gguf.metadataFromConfig(gemma3.parseConfig({ ...gemma1b, ...change }));
    expect(metadata({ sliding_window_pattern: 2 })).toThrow(/layer 1 is full_attention/);
    expect(metadata({ rope_local_base_freq: 5 })).toThrow(/theta 5/);
    expect(metadata({ query_pre_attn_scalar: 100 })).toThrow(/query_pre_attn_scalar is 100/);
    expect(metadata({ attention_bias: true })).toThrow(/biases/);
  });

  test.each([
    [{ use_bidirectional_attention: true }, /causal/],
    [{ attn_logit_softcapping: 50 }, /attn_logit_softcapping/],
    [{ layer_types: ['full_attention'] }, /layer_types names 1 layers/],
    [{ layer_types: ['chunked_attention'] }, /layer_types/],
    [{ rope_parameters: { full_attention: { rope_type: 'longrope' } } }, /rope_parameters/],
  ])('refuses %p', (change, message) => {
    expect(() => gemma3.parseConfig({ ...gemma1b, ...change })).toThrow(message);
  });
});
