import { describeFamily } from '../testing/family-compliance.js';
import { gptNeoX } from './index.js';

describeFamily(gptNeoX, ['gpt-neox-parallel', 'gpt-neox-sequential-published', 'gpt-neox-tied-whole-heads', 'gpt-neox-linear'], {
  refused: [
    [{ hidden_size: 'wide' }, /hidden_size/],
    [{ num_attention_heads: 11 }, /must be a multiple of num_attention_heads \(11\)/],
    [{ attention_dropout: 0.1 }, /attention_dropout/],
    [{ hidden_act: 'relu' }, /hidden_act/],
    [{ rotary_pct: 0.9, partial_rotary_factor: 0.8 }, /several spellings that differ/],
  ],
});

describe('configurations of published models', () => {
  const pythia = {
    architectures: ['GPTNeoXForCausalLM'], bos_token_id: 0, eos_token_id: 0, hidden_act: 'gelu', hidden_size: 768, initializer_range: 0.02, intermediate_size: 3072, layer_norm_eps: 1e-5,
    max_position_embeddings: 2048, model_type: 'gpt_neox', num_attention_heads: 12, num_hidden_layers: 12, rotary_emb_base: 10000, rotary_pct: 0.25, tie_word_embeddings: false,
    torch_dtype: 'float16', transformers_version: '4.24.0', use_cache: true, use_parallel_residual: true, vocab_size: 50304,
  };

  test('pythia-160m, and through GGUF', () => {
    const config = gptNeoX.parseConfig(pythia);
    expect(config).toMatchObject({ turned: 16, use_parallel_residual: true, attention_bias: true, rotary: { theta: 10_000, scaling: null } });
    const metadata = gptNeoX.weights.gguf.metadataFromConfig(config);
    const shapes = new Map(gptNeoX.weights.tensors(config).map((weight) => [weight.gguf, weight.shape]));
    expect(gptNeoX.parseConfig(gptNeoX.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape: (name) => shapes.get(name) }))).toEqual(config);
  });

  test('Dolly, which brings code along', () => {
    const custom_pipelines = { 'text-generation': { impl: 'instruct_pipeline.InstructionTextGenerationPipeline', pt: 'AutoModelForCausalLM', tf: 'TFAutoModelForCausalLM' } };
    expect(gptNeoX.parseConfig({ ...pythia, custom_pipelines })).toEqual(gptNeoX.parseConfig(pythia));
  });

  test('gpt-neox-20b', () => {
    const config = gptNeoX.parseConfig({
      architectures: ['GPTNeoXForCausalLM'], attention_probs_dropout_prob: 0, bos_token_id: 0, eos_token_id: 0, hidden_act: 'gelu_fast', hidden_dropout_prob: 0, hidden_size: 6144,
      initializer_range: 0.02, intermediate_size: 24576, layer_norm_eps: 1e-5, max_position_embeddings: 2048, model_type: 'gpt_neox', num_attention_heads: 64, num_hidden_layers: 44,
      rotary_emb_base: 10000, rotary_pct: 0.25, tie_word_embeddings: false, torch_dtype: 'float16', transformers_version: '4.19.0.dev0', use_cache: true, vocab_size: 50432,
    });
    expect(config).toMatchObject({ turned: 24, hidden_act: 'gelu_fast', use_parallel_residual: true });
  });

  test('what llama.cpp asks for cannot be left out', () => {
    const metadata = (change: object) => () => gptNeoX.weights.gguf.metadataFromConfig(gptNeoX.parseConfig({ ...pythia, ...change }));
    expect(metadata({ attention_bias: false })).toThrow(/asks for the biases/);
    expect(metadata({ tie_word_embeddings: true })).toThrow(/asks for a head/);
  });

  test.each(['attention.bias', 'attention.masked_bias', 'attention.rotary_emb.inv_freq'])('files may carry the buffer %s', (buffer) => {
    expect(gptNeoX.weights.ignored.some(({ pattern }) => pattern.test(`gpt_neox.layers.11.${buffer}`))).toBe(true);
    expect(gptNeoX.weights.ignored.some(({ pattern }) => pattern.test('gpt_neox.layers.11.attention.dense.bias'))).toBe(false);
  });

  test('a part of a head that cannot be halved is refused', () => {
    expect(() => gptNeoX.parseConfig({ ...pythia, rotary_pct: 0.05 })).toThrow(/0\.05 of the 64 numbers of a head are 3/);
  });
});
