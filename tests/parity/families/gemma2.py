"""Gemma 2."""

from transformers import Gemma2Config, Gemma2ForCausalLM

from .shared import BASE, flat_rope

GEMMA2 = dict(BASE, hidden_size=20, intermediate_size=26, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=6, query_pre_attn_scalar=9, sliding_window=4, attn_logit_softcapping=1.5, final_logit_softcapping=4.0)


def gemma2_published(config):
    """As google/gemma-2-2b spells it: one theta, no layer_types, the activation under both names."""
    flat_rope(config)
    del config["rope_scaling"], config["layer_types"]
    config["hidden_act"] = config["hidden_activation"]


MODELS = {
    "gemma2-published": (Gemma2ForCausalLM, Gemma2Config, dict(GEMMA2, num_hidden_layers=3, query_pre_attn_scalar=6), gemma2_published, False),
    "gemma2-layers-linear": (Gemma2ForCausalLM, Gemma2Config, dict(GEMMA2, num_key_value_heads=1, sliding_window=3, layer_types=["full_attention", "sliding_attention"], rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=500.0)), None, False),
    "gemma2-uncapped-untied": (Gemma2ForCausalLM, Gemma2Config, dict(GEMMA2, num_key_value_heads=4, attention_bias=True, attn_logit_softcapping=None, final_logit_softcapping=None, tie_word_embeddings=False), None, True),
    "gemma2-one-cap": (Gemma2ForCausalLM, Gemma2Config, dict(GEMMA2, num_hidden_layers=1, layer_types=["sliding_attention"], final_logit_softcapping=None), None, False),
}


def draw(config, name, parameter, noise):
    """Another value than the common one for `parameter`, or None."""
    if name == "model.norm.weight" and config.tie_word_embeddings:
        # The embedding is drawn narrow (below), so the final norm brings the logits back to order one.
        return 3 + noise
    if "embed_tokens" in name and config.tie_word_embeddings:
        return 0.06 * noise
    return None
