"""Gemma 3, text."""

from transformers import Gemma3Config, Gemma3ForCausalLM, Gemma3ForConditionalGeneration, Gemma3TextConfig

from .shared import BASE

GEMMA3 = dict(BASE, hidden_size=32, intermediate_size=44, num_attention_heads=4, num_key_value_heads=2, head_dim=10, query_pre_attn_scalar=20)


def gemma3_published(config):
    """As google/gemma-3-1b-it spells it: no layer_types, two thetas at the top."""
    rope = config.pop("rope_parameters")
    full = rope["full_attention"]
    config["rope_theta"] = full.pop("rope_theta")
    config["rope_scaling"] = full if full["rope_type"] != "default" else None
    config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
    config.pop("layer_types")
    config["sliding_window_pattern"] = config.pop("_sliding_window_pattern")


def gemma3_within_published(config):
    """As google/gemma-3-4b-it spells it: what is no default stands in text_config."""
    text = config["text_config"]
    gemma3_published(text)
    for key, value in Gemma3TextConfig().to_dict().items():
        if key != "model_type" and text.get(key, value) == value:
            text.pop(key, None)
    for key in ("bos_token_id", "eos_token_id", "pad_token_id", "dtype"):
        text.pop(key, None)
    config["eos_token_id"] = [1, 106]


VISION = dict(hidden_size=8, intermediate_size=12, num_hidden_layers=1, num_attention_heads=2, image_size=8, patch_size=4, vision_use_head=False)

MODELS = {
    # As in the Llama of that name, where embeddings are scaled.
    "gemma3-padding": (Gemma3ForCausalLM, Gemma3TextConfig, dict(GEMMA3, num_hidden_layers=1, pad_token_id=3), None, False),
    "gemma3-pattern": (Gemma3ForCausalLM, Gemma3TextConfig, dict(GEMMA3, num_hidden_layers=3, sliding_window=4, layer_types=["sliding_attention", "full_attention", "sliding_attention"]), None, False),
    "gemma3-published-linear": (Gemma3ForCausalLM, Gemma3TextConfig, dict(GEMMA3, num_hidden_layers=4, sliding_window=3, sliding_window_pattern=2, rope_parameters=dict(full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1000.0), sliding_attention=dict(rope_type="default", rope_theta=50.0))), gemma3_published, False),
    "gemma3-softcap-untied": (Gemma3ForCausalLM, Gemma3TextConfig, dict(GEMMA3, num_hidden_layers=2, num_key_value_heads=1, sliding_window=5, layer_types=["full_attention", "sliding_attention"], attention_bias=True, final_logit_softcapping=4.0, tie_word_embeddings=False, query_pre_attn_scalar=7), None, False),
    "gemma3-within-vision": (Gemma3ForConditionalGeneration, Gemma3Config, dict(text_config=dict(GEMMA3, num_hidden_layers=3, sliding_window=3, sliding_window_pattern=2, rope_parameters=dict(full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1e6), sliding_attention=dict(rope_type="default", rope_theta=1e4))), vision_config=VISION, mm_tokens_per_image=4), gemma3_within_published, False),
}


def published(name, tensor):
    """The gradients of the text model within the larger one are those of the text model alone, which the other fixtures have."""
    return {} if name.startswith(("model.language_model.", "model.vision_tower.", "model.multi_modal_projector.")) else {name: tensor}


def draw(config, name, parameter, noise):
    """Another value than the common one for `parameter`, or None."""
    if name in ("model.norm.weight", "model.language_model.norm.weight") and config.tie_word_embeddings:
        # The embedding is drawn narrow (below), so the final norm brings the logits back to order one.
        return 3 + noise
    if "embed_tokens" in name and config.tie_word_embeddings:
        return 0.06 * noise
    return None
