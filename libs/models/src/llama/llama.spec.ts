import { llama3Divisors } from '@tunesmith/nn';
import { describeFamily } from '../testing/family-compliance.js';
import { llama } from './index.js';

describeFamily(llama, ['llama-grouped-tied', 'llama-biases', 'llama-rope-llama3', 'llama-rope-linear', 'llama-rope-yarn', 'llama-rope-dynamic', 'llama-padding', 'mistral-window'], {
  turnsChangeWithLength: ['llama-rope-dynamic'],
});

describe('configurations of published models', () => {
  const smolLm2 = {
    architectures: ['LlamaForCausalLM'], attention_bias: false, attention_dropout: 0.0, bos_token_id: 1, eos_token_id: 2, hidden_act: 'silu', hidden_size: 576,
    initializer_range: 0.041666666666666664, intermediate_size: 1536, is_llama_config: true, max_position_embeddings: 8192, mlp_bias: false, model_type: 'llama',
    num_attention_heads: 9, num_hidden_layers: 30, num_key_value_heads: 3, pad_token_id: 2, pretraining_tp: 1, rms_norm_eps: 1e-5, rope_interleaved: false,
    rope_scaling: null, rope_theta: 100000, tie_word_embeddings: true, torch_dtype: 'bfloat16', 'transformers.js_config': { kv_cache_dtype: { q4f16: 'float16' } },
    transformers_version: '4.42.3', use_cache: true, vocab_size: 49152,
  };

  test('SmolLM2-135M-Instruct', () => {
    expect(llama.parseConfig(smolLm2)).toMatchObject({ head_dim: 64, num_key_value_heads: 3, tie_word_embeddings: true, sliding_window: null, rotary: { theta: 100_000, scaling: null } });
  });

  test('first Llamas, and what others wrote beside them', () => {
    const llama1 = { ...smolLm2, architectures: ['LLaMAForCausalLM'], tie_word_embeddings: false, max_position_embeddings: 2048 };
    expect(llama.parseConfig({ ...llama1, max_sequence_length: 2048 })).toMatchObject({ architecture: 'LlamaForCausalLM', max_position_embeddings: 2048 });
    expect(llama.parseConfig({ ...llama1, model_type: 'mistral', architectures: ['MistralModel'], attention_bias: undefined, mlp_bias: undefined })).toMatchObject({ architecture: 'MistralForCausalLM' });
    for (const further of [{ activation: 'swiglu' }, { _flash_attn_2_enabled: true }, { auto_map: { AutoModelForCausalLM: 'modeling_flash_llama.LlamaForCausalLM' } }]) {
      expect(llama.parseConfig({ ...smolLm2, ...further })).toEqual(llama.parseConfig(smolLm2));
    }
  });

  test('switches of transformers 4 that are off say nothing; on they are features', () => {
    const off = {
      use_bfloat16: false, tf_legacy_loss: false, pruned_heads: {}, is_encoder_decoder: false, is_decoder: false, cross_attention_hidden_size: null, add_cross_attention: false, tie_encoder_decoder: false,
      prefix: null, decoder_start_token_id: null,
    };
    expect(llama.parseConfig({ ...smolLm2, ...off })).toEqual(llama.parseConfig(smolLm2));
    expect(() => llama.parseConfig({ ...smolLm2, ...off, is_encoder_decoder: true, pruned_heads: { 0: [1] } })).toThrow(/unknown keys pruned_heads, is_encoder_decoder\./);
  });

  test("DeepSeek's scales of YaRN are their quotient; a factor that readers understand differently is refused", () => {
    const scaling = (further: object) => llama.parseConfig({ ...smolLm2, rope_scaling: { rope_type: 'yarn', factor: 16, original_max_position_embeddings: 8192, ...further } }).rotary.scaling;
    expect(scaling({ mscale: 1, mscale_all_dim: 1 })).toMatchObject({ attentionFactor: 1 });
    expect(scaling({ mscale: 0.7, mscale_all_dim: 0.3 })).toMatchObject({ attentionFactor: (0.07 * Math.log(16) + 1) / (0.03 * Math.log(16) + 1) });
    expect(scaling({ mscale: 0.7, mscale_all_dim: 0.3, attention_factor: 2 })).toMatchObject({ attentionFactor: 2 });
    expect(scaling({ mscale: 1, mscale_all_dim: 0 })).toMatchObject({ attentionFactor: null });
    expect(() => scaling({ attn_factor: 0.878 })).toThrow(/rope_scaling.attn_factor: .*Put attention_factor in its place/);
  });

  test('Llama 3.1 keeps its scaling through GGUF', () => {
    const config = llama.parseConfig({
      ...smolLm2, pad_token_id: null, num_hidden_layers: 1, head_dim: 128, rope_theta: 500000,
      rope_scaling: { factor: 8, high_freq_factor: 4, low_freq_factor: 1, original_max_position_embeddings: 8192, rope_type: 'llama3' },
    });
    const metadata = llama.weights.gguf.metadataFromConfig(config);
    const [divisors] = llama.weights.gguf.derivedTensors(config);
    expect(divisors?.values).toHaveLength(64);
    const shapes = new Map(llama.weights.tensors(config).map((weight) => [weight.gguf, weight.shape]));
    const json = llama.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape: (name) => shapes.get(name), ropeFactors: divisors?.values });
    expect(llama.parseConfig(json)).toEqual(config);
  });

  test('divisors that no published setting explains are refused', () => {
    const scaling = { kind: 'llama3', factor: 8, lowFrequencyFactor: 2, highFrequencyFactor: 4, originalContext: 8192 } as const;
    const config = llama.parseConfig({ ...smolLm2, num_hidden_layers: 1, head_dim: 128, rope_theta: 500000 });
    const metadata = llama.weights.gguf.metadataFromConfig(config);
    const source = { get: (key: string) => metadata[key]?.value, tensorShape: () => [49152, 576], ropeFactors: llama3Divisors({ theta: 500_000, scaling }, 128) };
    expect(() => llama.weights.gguf.configFromGguf(source)).toThrow(/rope_freqs\.weight does not follow/);
  });

  test.each([
    [{ rope_scaling: { type: 'longrope', factor: 2 } }, /rope_scaling/],
    [{ rope_scaling: { rope_type: 'linear', factor: 2, extra: 1 } }, /unknown key rope_scaling\.extra/],
    [{ rope_parameters: { rope_type: 'default', rope_theta: 5 } }, /rope_theta \(100000\) and rope_parameters\.rope_theta \(5\) differ/],
    [{ hidden_act: 'gelu' }, /hidden_act/],
    [{ num_attention_heads: 7 }, /must be a multiple/],
    [{ head_dim: 7 }, /head_dim \(7\) must be even/],
    [{ sliding_window: 4 }, /unknown key sliding_window/],
  ])('refuses %p', (change, message) => {
    expect(() => llama.parseConfig({ ...smolLm2, ...change })).toThrow(message);
  });

  test('Mistral 7B v0.1 by its defaults; later versions say null', () => {
    const mistral = {
      architectures: ['MistralForCausalLM'], hidden_act: 'silu', hidden_size: 4096, intermediate_size: 14336, max_position_embeddings: 32768, model_type: 'mistral',
      num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 8, rms_norm_eps: 1e-5, rope_theta: 10000, sliding_window: 4096, tie_word_embeddings: false, vocab_size: 32000,
    };
    expect(llama.parseConfig(mistral)).toMatchObject({ architecture: 'MistralForCausalLM', sliding_window: 4096, head_dim: 128 });
    expect(llama.parseConfig({ ...mistral, sliding_window: null })).toMatchObject({ sliding_window: null });
    // GGUF has no window here, so the context ends where the window would begin to matter.
    expect(llama.weights.gguf.metadataFromConfig(llama.parseConfig(mistral))['llama.context_length']).toEqual({ type: 'uint32', value: 4096 });
  });
});
