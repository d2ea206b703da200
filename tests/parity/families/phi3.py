"""Phi-3 and Phi-4."""

from transformers import Phi3Config, Phi3ForCausalLM

from .shared import BASE

PHI3 = dict(BASE, hidden_size=24, intermediate_size=26, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)


def phi3_published(config):
    """As microsoft/Phi-3-mini-128k-instruct and Phi-4-mini-instruct spell it: one theta, the factors alone in rope_scaling, the part that turns at the top."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope["rope_theta"]
    if rope["partial_rotary_factor"] != 1.0:
        config["partial_rotary_factor"] = rope["partial_rotary_factor"]
    config["rope_scaling"] = dict(type="longrope", short_factor=rope["short_factor"], long_factor=rope["long_factor"]) if rope["rope_type"] == "longrope" else None


def longrope(short, long, **more):
    return dict(rope_type="longrope", rope_theta=100.0, short_factor=short, long_factor=long, **more)


MODELS = {
    "phi3-published-window": (Phi3ForCausalLM, Phi3Config, dict(PHI3, sliding_window=4, rope_parameters=dict(rope_type="default", rope_theta=10000.0)), phi3_published, False),
    # The longest row is longer than the original context, the others are not.
    "phi3-longrope-long": (Phi3ForCausalLM, Phi3Config, dict(PHI3, num_key_value_heads=1, original_max_position_embeddings=12, rope_parameters=longrope([1.1, 1.3, 2.0], [1.5, 3.0, 7.0])), phi3_published, False),
    "phi3-partial-longrope-tied": (Phi3ForCausalLM, Phi3Config, dict(PHI3, num_attention_heads=3, num_key_value_heads=3, original_max_position_embeddings=40, tie_word_embeddings=True, rope_parameters=longrope([1.2, 1.0, 4.0], [2.0, 3.0, 9.0], partial_rotary_factor=0.75)), phi3_published, True),
}
# transformers reads a row anew when it grows beyond the original context, so no prompt does.
LENGTHS = {"phi3-longrope-long": ((11, 1, 7, 16), (13, 14, 20))}
