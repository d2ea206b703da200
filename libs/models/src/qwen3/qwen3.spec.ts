import { describeFamily } from '../testing/family-compliance.js';
import { qwen3 } from './index.js';

describeFamily(qwen3, ['qwen3-published-tied', 'qwen3-biases-untied', 'qwen3-window', 'qwen3-rope-yarn']);

describe('configurations of published models', () => {
  const small = {
    architectures: ['Qwen3ForCausalLM'], attention_bias: false, attention_dropout: 0.0, bos_token_id: 151643, eos_token_id: 151645, head_dim: 128, hidden_act: 'silu', hidden_size: 1024,
    initializer_range: 0.02, intermediate_size: 3072, max_position_embeddings: 40960, max_window_layers: 28, model_type: 'qwen3', num_attention_heads: 16, num_hidden_layers: 28,
    num_key_value_heads: 8, rms_norm_eps: 1e-6, rope_scaling: null, rope_theta: 1000000, sliding_window: null, tie_word_embeddings: true, torch_dtype: 'bfloat16',
    transformers_version: '4.51.0', use_cache: true, use_sliding_window: false, vocab_size: 151936,
  };

  test('Qwen3-0.6B, and through GGUF', () => {
    const config = qwen3.parseConfig(small);
    expect(config).toMatchObject({ head_dim: 128, sliding_window: null, attention_bias: false, rotary: { theta: 1_000_000, scaling: null } });
    const metadata = qwen3.weights.gguf.metadataFromConfig(config);
    expect(metadata['qwen3.attention.key_length']).toEqual({ type: 'uint32', value: 128 });
    const shapes = new Map(qwen3.weights.tensors(config).map((weight) => [weight.gguf, weight.shape]));
    expect(shapes.get('blk.0.attn_q.weight')).toEqual([2048, 1024]);
    expect(qwen3.parseConfig(qwen3.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape: (name) => shapes.get(name) }))).toEqual(config);
  });

  test('biases stay out of GGUF', () => {
    expect(() => qwen3.weights.gguf.metadataFromConfig(qwen3.parseConfig({ ...small, attention_bias: true }))).toThrow(/biases/);
  });

  test.each([
    [{ use_sliding_window: true, layer_types: Array(28).fill('sliding_attention') }, /sliding_window is null/],
    [{ head_dim: 7 }, /head_dim \(7\) must be even/],
    [{ hidden_act: 'gelu' }, /hidden_act/],
    [{ num_experts: 128 }, /unknown key num_experts/],
  ])('refuses %p', (change, message) => {
    expect(() => qwen3.parseConfig({ ...small, ...change })).toThrow(message);
  });
});
