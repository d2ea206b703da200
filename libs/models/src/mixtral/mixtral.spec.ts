import { LoraLinear, loraParts, plainParts } from '@tunesmith/nn';
import { RandomGenerator } from '@tunesmith/tensor';
import { ggufShape } from '../model-family.js';
import { describeFamily } from '../testing/family-compliance.js';
import { mixtral } from './index.js';

describeFamily(mixtral, ['mixtral-published', 'mixtral-tied-window', 'mixtral-linear-three-of-five']);

describe('configurations of published models', () => {
  const published = {
    architectures: ['MixtralForCausalLM'], attention_dropout: 0.0, bos_token_id: 1, eos_token_id: 2, hidden_act: 'silu', hidden_size: 4096, initializer_range: 0.02,
    intermediate_size: 14336, max_position_embeddings: 32768, model_type: 'mixtral', num_attention_heads: 32, num_experts_per_tok: 2, num_hidden_layers: 32, num_key_value_heads: 8,
    num_local_experts: 8, output_router_logits: false, rms_norm_eps: 1e-5, rope_theta: 1000000.0, router_aux_loss_coef: 0.02, sliding_window: null, tie_word_embeddings: false,
    torch_dtype: 'bfloat16', transformers_version: '4.36.0.dev0', use_cache: true, vocab_size: 32000,
  };

  test('Mixtral-8x7B-v0.1, and through GGUF, whose experts are stacked', () => {
    const config = mixtral.parseConfig(published);
    expect(config).toMatchObject({ head_dim: 128, sliding_window: null, num_local_experts: 8, num_experts_per_tok: 2, rotary: { theta: 1_000_000, scaling: null } });
    const metadata = mixtral.weights.gguf.metadataFromConfig(config);
    expect(metadata['llama.expert_count']).toEqual({ type: 'uint32', value: 8 });
    const weights = mixtral.weights.tensors(config);
    expect(weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(46_702_792_704);
    const shapes = new Map(weights.map((weight) => [weight.gguf, ggufShape(weight)]));
    expect(shapes.get('blk.31.ffn_down_exps.weight')).toEqual([8, 4096, 14336]);
    expect(shapes.get('blk.0.ffn_gate_inp.weight')).toEqual([8, 4096]);
    expect(mixtral.parseConfig(mixtral.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape: (name) => shapes.get(name) }))).toEqual(config);
  });

  test('parts of a stacked tensor stand together and in order', () => {
    const weights = mixtral.weights.tensors(mixtral.parseConfig({ ...published, num_hidden_layers: 2 }));
    weights.forEach(({ gguf, stack }, place) => {
      if (!stack) return;
      expect(weights[place - stack.index]).toMatchObject({ gguf, stack: { index: 0 } });
      expect(weights[place - stack.index + stack.count - 1]).toMatchObject({ gguf, stack: { index: stack.count - 1 } });
    });
  });

  test.each([
    [{ num_experts_per_tok: 9 }, /num_experts_per_tok \(9\) must not be more than num_local_experts \(8\)/],
    [{ output_router_logits: true }, /balances the experts/],
    [{ router_jitter_noise: 0.1 }, /noise before the router/],
    [{ hidden_act: 'gelu' }, /hidden_act/],
    [{ attention_bias: true }, /unknown key attention_bias/],
  ])('refuses %p', (change, message) => {
    expect(() => mixtral.parseConfig({ ...published, ...change })).toThrow(message);
  });

  test('all linears leave the router out; it gets an update where it is named', () => {
    const config = mixtral.parseConfig({ ...published, hidden_size: 32, intermediate_size: 8, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1, vocab_size: 7 });
    const tuned = (targetModules: 'all-linear' | string[]) => {
      using model = mixtral.build(config, loraParts(plainParts({ dtype: 'float32' }), { rank: 2, alpha: 2, targetModules, generator: new RandomGenerator(1) }));
      return [...model.modules()].filter((module) => module instanceof LoraLinear).map(({ path }) => path.replace('model.layers.0.', ''));
    };
    expect(tuned('all-linear')).toHaveLength(4 + 3 * 8);
    expect(tuned('all-linear')).not.toContain('block_sparse_moe.gate');
    expect(tuned(['gate', 'w2'])).toEqual(expect.arrayContaining(['block_sparse_moe.gate', 'block_sparse_moe.experts.7.w2']));
    expect(tuned(['gate', 'w2'])).toHaveLength(9);
  });
});
