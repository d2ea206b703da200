import { describeFamily } from '../testing/family-compliance.js';
import { phi3 } from './index.js';

describeFamily(phi3, ['phi3-published-window', 'phi3-longrope-long', 'phi3-partial-longrope-tied'], {
  turnsJumpBeyond: { 'phi3-longrope-long': 12 },
  refused: [
    [{ hidden_size: 'wide' }, /hidden_size/],
    [{ attention_dropout: 0.1 }, /attention_dropout/],
    [{ num_key_value_heads: 5 }, /num_key_value_heads/],
    [{ attention_bias: true }, /no such bias/],
  ],
});

describe('configurations of published models', () => {
  const mini = {
    _name_or_path: 'Phi-3-mini-4k-instruct', architectures: ['Phi3ForCausalLM'], attention_bias: false, attention_dropout: 0.0, auto_map: { AutoConfig: 'configuration_phi3.Phi3Config' },
    bos_token_id: 1, embd_pdrop: 0.0, eos_token_id: 32000, hidden_act: 'silu', hidden_size: 3072, initializer_range: 0.02, intermediate_size: 8192, max_position_embeddings: 4096, model_type: 'phi3',
    num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 32, original_max_position_embeddings: 4096, pad_token_id: 32000, resid_pdrop: 0.0, rms_norm_eps: 1e-5, rope_scaling: null,
    rope_theta: 10000.0, sliding_window: 2047, tie_word_embeddings: false, torch_dtype: 'bfloat16', transformers_version: '4.40.2', use_cache: true, vocab_size: 32064,
  };
  const factors = (from: number) => Array.from({ length: 48 }, (_, pair) => from + pair / 16);
  const long = { ...mini, max_position_embeddings: 131072, sliding_window: 262144, rope_scaling: { type: 'longrope', short_factor: factors(1), long_factor: factors(2) } };

  function throughGguf(config: ReturnType<typeof phi3.parseConfig>) {
    const metadata = phi3.weights.gguf.metadataFromConfig(config);
    const shapes = new Map(phi3.weights.tensors(config).map((weight) => [weight.gguf, weight.shape]));
    const [short, long] = phi3.weights.gguf.derivedTensors(config);
    const longRopeFactors = short && long ? { longRopeFactors: { short: short.values, long: long.values } } : {};
    return phi3.parseConfig(phi3.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape: (name) => shapes.get(name), ...longRopeFactors }));
  }

  test('Phi-3-mini-4k, and through GGUF', () => {
    const config = phi3.parseConfig(mini);
    expect(config).toMatchObject({ sliding_window: 2047, turned: 96, rotary: { theta: 10_000, scaling: null } });
    expect(throughGguf(config)).toEqual(config);
  });

  test('Phi-3-mini-128k, and through GGUF', () => {
    const config = phi3.parseConfig(long);
    expect(config.rotary.scaling).toMatchObject({ kind: 'longrope', originalContext: 4096, attentionFactor: expect.closeTo(Math.sqrt(1 + Math.log(32) / Math.log(4096)), 12) });
    expect(throughGguf(config)).toEqual(config);
    // As it was first published.
    expect(phi3.parseConfig({ ...long, rope_scaling: { ...long.rope_scaling, type: 'su' } })).toEqual(config);
  });

  test('Phi-4-mini turns three quarters of each head', () => {
    const config = phi3.parseConfig({
      ...long, full_attn_mod: 1, interpolate_factor: 1, lm_head_bias: false, mlp_bias: false, num_attention_heads: 24, num_key_value_heads: 8, partial_rotary_factor: 0.75, tie_word_embeddings: true, vocab_size: 200064,
    });
    expect(config).toMatchObject({ turned: 96, tie_word_embeddings: true });
    expect(throughGguf(config)).toEqual(config);
  });

  test('an attention factor of its own goes through GGUF too', () => {
    const config = phi3.parseConfig({ ...long, rope_scaling: { ...long.rope_scaling, attention_factor: 1.25 } });
    expect(config.rotary.scaling).toMatchObject({ attentionFactor: 1.25 });
    expect(throughGguf(config)).toEqual(config);
  });

  test.each([
    [{ rope_scaling: { ...long.rope_scaling, short_factor: [1] } }, /short_factor has 1 numbers, but 48 pairs turn/],
    [{ rope_scaling: { type: 'linear', factor: 2 } }, /its rope scaling is linear/],
    [{ full_attn_mod: 2 }, /every layer attends alike/],
    [{ num_attention_heads: 31 }, /must be a multiple/],
  ])('refuses %p', (change, message) => {
    expect(() => phi3.parseConfig({ ...mini, ...change })).toThrow(message);
  });
});
