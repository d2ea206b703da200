"""Qwen3, dense."""

from transformers import Qwen3Config, Qwen3ForCausalLM

from .shared import BASE, flat_rope, flat_rope_with_type

# Heads are wider than hidden_size / num_attention_heads, as in the published models.
QWEN3 = dict(BASE, hidden_size=20, intermediate_size=27, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=6, rms_norm_eps=1e-6)
PLAIN = dict(rope_type="default", rope_theta=1000000.0)


def published(config):
    """As Qwen/Qwen3-0.6B spells it: no layer_types, sliding_window null."""
    flat_rope(config)
    config.pop("layer_types")
    config.update(sliding_window=None, use_sliding_window=False, max_window_layers=28)


MODELS = {
    "qwen3-published-tied": (Qwen3ForCausalLM, Qwen3Config, dict(QWEN3, tie_word_embeddings=True, rope_parameters=PLAIN), published, False),
    "qwen3-biases-untied": (Qwen3ForCausalLM, Qwen3Config, dict(QWEN3, num_key_value_heads=4, head_dim=8, attention_bias=True, rope_parameters=PLAIN), None, False),
    "qwen3-window": (Qwen3ForCausalLM, Qwen3Config, dict(QWEN3, num_key_value_heads=1, use_sliding_window=True, sliding_window=4, max_window_layers=1, rope_parameters=PLAIN), flat_rope, False),
    "qwen3-rope-yarn": (Qwen3ForCausalLM, Qwen3Config, dict(QWEN3, num_hidden_layers=1, rope_parameters=dict(rope_type="yarn", rope_theta=1000.0, factor=4.0, original_max_position_embeddings=16)), flat_rope_with_type, False),
}


def draw(config, name, parameter, noise):
    """Another value than the common one for `parameter`, or None."""
    if "q_norm" in name or "k_norm" in name:
        # Normed heads are long: scores far apart would leave no step of attention to compare.
        return 0.5 * (parameter + 0.3 * noise)
    return None
