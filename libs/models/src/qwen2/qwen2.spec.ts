import { describeFamily } from '../testing/family-compliance.js';
import { qwen2 } from './index.js';

describeFamily(qwen2, ['qwen2-published-tied', 'qwen2-window-by-count', 'qwen2-layer-types-yarn']);

describe('configurations of published models', () => {
  const coder = {
    architectures: ['Qwen2ForCausalLM'], attention_dropout: 0.0, bos_token_id: 151643, eos_token_id: 151645, hidden_act: 'silu', hidden_size: 896, initializer_range: 0.02,
    intermediate_size: 4864, max_position_embeddings: 32768, max_window_layers: 24, model_type: 'qwen2', num_attention_heads: 14, num_hidden_layers: 24, num_key_value_heads: 2,
    rms_norm_eps: 1e-6, rope_theta: 1000000.0, sliding_window: 32768, tie_word_embeddings: true, torch_dtype: 'bfloat16', transformers_version: '4.44.0', use_cache: true,
    use_sliding_window: false, vocab_size: 151936,
  };

  test('Qwen2.5-Coder-0.5B-Instruct, and through GGUF', () => {
    const config = qwen2.parseConfig(coder);
    expect(config).toMatchObject({ head_dim: 64, sliding_window: null, rotary: { theta: 1_000_000, scaling: null } });
    expect(new Set(config.layer_types)).toEqual(new Set(['full_attention']));
    const metadata = qwen2.weights.gguf.metadataFromConfig(config);
    const shapes = new Map(qwen2.weights.tensors(config).map((weight) => [weight.gguf, weight.shape]));
    expect(qwen2.parseConfig(qwen2.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape: (name) => shapes.get(name) }))).toEqual(config);
  });

  test('the window opens after max_window_layers, and ends the context of a GGUF file', () => {
    const config = qwen2.parseConfig({ ...coder, use_sliding_window: true, sliding_window: 4096, max_window_layers: 22 });
    expect(config.layer_types.slice(20)).toEqual(['full_attention', 'full_attention', 'sliding_attention', 'sliding_attention']);
    expect(qwen2.weights.gguf.metadataFromConfig(config)['qwen2.context_length']).toEqual({ type: 'uint32', value: 4096 });
    expect(qwen2.parseConfig({ ...coder, use_sliding_window: true })).toMatchObject({ sliding_window: null });
  });

  test('YaRN as its card tells long texts to be served', () => {
    const { rotary } = qwen2.parseConfig({ ...coder, rope_scaling: { factor: 4.0, original_max_position_embeddings: 32768, type: 'yarn' } });
    expect(rotary.scaling).toMatchObject({ kind: 'yarn', factor: 4, originalContext: 32768 });
  });

  test('Qwen2.5-1M says how vLLM approximates long rows, which are read as transformers does', () => {
    const long = { ...coder, max_position_embeddings: 1_010_000 };
    expect(qwen2.parseConfig({ ...long, dual_chunk_attention_config: { chunk_size: 262144, local_size: 8192, original_max_position_embeddings: 262144 } })).toEqual(qwen2.parseConfig(long));
  });

  test('heads of another size stay out of GGUF', () => {
    expect(() => qwen2.weights.gguf.metadataFromConfig(qwen2.parseConfig({ ...coder, head_dim: 32 }))).toThrow(/head_dim is 32/);
  });

  test('llama3 scaling stays out of GGUF, whose readers know it for Llama only', () => {
    const rope_scaling = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
    expect(() => qwen2.weights.gguf.metadataFromConfig(qwen2.parseConfig({ ...coder, rope_scaling }))).toThrow(/qwen2.*llama3/);
  });

  test.each([
    [{ layer_types: ['full_attention'] }, /layer_types names 1 layers, num_hidden_layers says 24/],
    [{ layer_types: Array(24).fill('sliding_attention') }, /sliding layers, but use_sliding_window is false/],
    [{ layer_types: Array(24).fill('chunked_attention') }, /layer_types/],
    [{ use_mrope: true }, /vision/],
    [{ hidden_act: 'gelu' }, /hidden_act/],
    [{ hidden_size: 900 }, /hidden_size \(900\) must be a multiple/],
    [{ attention_bias: true }, /unknown key attention_bias/],
    [{ rope_scaling: { type: 'mrope', mrope_section: [1] } }, /rope_scaling/],
  ])('refuses %p', (change, message) => {
    expect(() => qwen2.parseConfig({ ...coder, ...change })).toThrow(message);
  });
});
