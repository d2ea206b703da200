import { describeFamily } from '../testing/family-compliance.js';
import { gptNeo } from './index.js';

describeFamily(gptNeo, ['gpt-neo-alternating', 'gpt-neo-runs-inner', 'gpt-neo-local-untied'], {
  refused: [
    [{ hidden_size: 'wide' }, /hidden_size/],
    [{ num_heads: 11 }, /must be a multiple of num_heads \(11\)/],
    [{ attention_dropout: 0.1 }, /attention_dropout/],
    [{ attention_types: [[['global'], 9]] }, /attention_types names 9 layers/],
    [{ attention_types: [[['sparse'], 1]] }, /attention_types/],
  ],
});

describe('configurations of published models', () => {
  const published = {
    activation_function: 'gelu_new', architectures: ['GPTNeoForCausalLM'], attention_dropout: 0,
    attention_layers: ['global', 'local', 'global', 'local', 'global', 'local', 'global', 'local', 'global', 'local', 'global', 'local'], attention_types: [[['global', 'local'], 6]],
    bos_token_id: 50256, embed_dropout: 0, eos_token_id: 50256, gradient_checkpointing: false, hidden_size: 768, initializer_range: 0.02, intermediate_size: null, layer_norm_epsilon: 1e-5,
    max_position_embeddings: 2048, model_type: 'gpt_neo', num_heads: 12, num_layers: 12, resid_dropout: 0, summary_activation: null, summary_first_dropout: 0.1, summary_proj_to_labels: true,
    summary_type: 'cls_index', summary_use_proj: true, torch_dtype: 'float32', transformers_version: '4.10.0.dev0', use_cache: true, vocab_size: 50257, window_size: 256,
  };

  test('gpt-neo-125m', () => {
    const config = gptNeo.parseConfig(published);
    expect(config).toMatchObject({ intermediate_size: 3072, window_size: 256, tie_word_embeddings: true });
    expect(config.attention_layers).toEqual(published.attention_layers);
  });

  test('two spellings of the layers that differ are refused', () => {
    expect(() => gptNeo.parseConfig({ ...published, attention_types: [[['local', 'global'], 6]] })).toThrow(/attention_layers and attention_types differ/);
  });

  test('GGUF is refused by name', () => {
    expect(gptNeo.weights.gguf.architecture).toBeNull();
    expect(() => gptNeo.weights.gguf.metadataFromConfig(gptNeo.parseConfig(published))).toThrow(/llama\.cpp has no architecture for it/);
  });
});
