const shape = { vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 128, rms_norm_eps: 1e-5 };

/** A tiny config.json of every decoder family. */
export const decoderConfigs: Readonly<Record<string, Record<string, unknown>>> = {
  llama: { ...shape, architectures: ['LlamaForCausalLM'], rope_theta: 10_000, tie_word_embeddings: false },
  qwen2: { ...shape, architectures: ['Qwen2ForCausalLM'], rope_theta: 10_000, tie_word_embeddings: true },
  qwen3: { ...shape, architectures: ['Qwen3ForCausalLM'], rope_theta: 10_000, head_dim: 32, tie_word_embeddings: true },
  gemma2: { ...shape, architectures: ['Gemma2ForCausalLM'], head_dim: 16, query_pre_attn_scalar: 16, sliding_window: 8 },
  gemma3: { ...shape, architectures: ['Gemma3ForCausalLM'], model_type: 'gemma3_text', head_dim: 16, query_pre_attn_scalar: 16, sliding_window: 8, layer_types: ['sliding_attention', 'full_attention'] },
  phi3: { ...shape, architectures: ['Phi3ForCausalLM'], rope_theta: 10_000 },
  mixtral: { ...shape, architectures: ['MixtralForCausalLM'], num_local_experts: 2, num_experts_per_tok: 2 },
  gpt2: { architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', vocab_size: 320, n_positions: 128, n_embd: 64, n_layer: 2, n_head: 4, n_inner: 96 },
  gpt_neo: { architectures: ['GPTNeoForCausalLM'], vocab_size: 320, max_position_embeddings: 128, hidden_size: 64, intermediate_size: 96, num_layers: 2, num_heads: 4, attention_types: [[['global', 'local'], 1]] },
  gpt_neox: { architectures: ['GPTNeoXForCausalLM'], vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 128 },
};
