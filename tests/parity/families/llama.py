"""Llama and Mistral."""

from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from .shared import BASE, flat_rope, flat_rope_with_type

LLAMA = dict(BASE, hidden_size=36, intermediate_size=50, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, rms_norm_eps=1e-5)

MODELS = {
    "llama-grouped-tied": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=10000.0)), flat_rope, False),
    "llama-biases": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_key_value_heads=6, head_dim=10, attention_bias=True, mlp_bias=True, rope_parameters=dict(rope_type="default", rope_theta=500.0)), None, False),
    "llama-rope-llama3": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_key_value_heads=1, rope_parameters=dict(rope_type="llama3", rope_theta=100.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)), flat_rope, True),
    "llama-rope-linear": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_hidden_layers=1, head_dim=4, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=3.0)), flat_rope_with_type, False),
    "llama-rope-yarn": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_hidden_layers=1, num_key_value_heads=3, head_dim=12, rope_parameters=dict(rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16)), None, False),
    # A token of the rows, and of no prompt: reading it teaches its row of the embedding nothing, the tied head does.
    "llama-padding": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_hidden_layers=1, tie_word_embeddings=True, pad_token_id=94, rope_parameters=dict(rope_type="default", rope_theta=10000.0)), flat_rope, False),
    # Rows on both sides of the trained context of ten; a prompt shorter than it makes transformers forget the length of the row before.
    "llama-rope-dynamic": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_hidden_layers=1, num_key_value_heads=2, head_dim=6, max_position_embeddings=10, rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, factor=2.0)), flat_rope_with_type, False),
    "mistral-window": (MistralForCausalLM, MistralConfig, dict(LLAMA, num_attention_heads=4, head_dim=8, sliding_window=4, rope_parameters=dict(rope_type="default", rope_theta=10000.0)), flat_rope, False),
}
