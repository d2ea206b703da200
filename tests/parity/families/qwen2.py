"""Qwen2 and Qwen2.5."""

from transformers import Qwen2Config, Qwen2ForCausalLM

from .shared import BASE, flat_rope

QWEN2 = dict(BASE, hidden_size=20, intermediate_size=27, num_hidden_layers=2, num_attention_heads=5, num_key_value_heads=1, rms_norm_eps=1e-6)
PLAIN = dict(rope_type="default", rope_theta=1000000.0)


def published(config):
    """As Qwen/Qwen2.5-0.5B spells it: no layer_types, and a window that is named but not used."""
    flat_rope(config)
    config.pop("layer_types")
    config.update(sliding_window=4, use_sliding_window=False, max_window_layers=0, use_mrope=False)


def windows_by_count(config):
    """As Qwen/Qwen2-7B could: the layers from max_window_layers on slide."""
    flat_rope(config)
    config.pop("layer_types")


MODELS = {
    "qwen2-published-tied": (Qwen2ForCausalLM, Qwen2Config, dict(QWEN2, tie_word_embeddings=True, rope_parameters=PLAIN), published, True),
    "qwen2-window-by-count": (Qwen2ForCausalLM, Qwen2Config, dict(QWEN2, num_hidden_layers=3, num_attention_heads=6, hidden_size=24, num_key_value_heads=3, use_sliding_window=True, sliding_window=4, max_window_layers=1, rope_parameters=PLAIN), windows_by_count, False),
    "qwen2-layer-types-yarn": (Qwen2ForCausalLM, Qwen2Config, dict(QWEN2, use_sliding_window=True, sliding_window=5, layer_types=["sliding_attention", "full_attention"], num_key_value_heads=5, rope_parameters=dict(rope_type="yarn", rope_theta=1000.0, factor=4.0, original_max_position_embeddings=16)), None, False),
}
