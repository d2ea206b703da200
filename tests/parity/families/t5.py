"""T5 1.0, T5 1.1, Flan-T5, UL2 and mT5: encoder and decoder."""

import torch
from transformers import MT5Config, MT5ForConditionalGeneration, T5Config, T5ForConditionalGeneration

T5 = dict(vocab_size=97, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, d_model=16, d_kv=6, d_ff=24, num_heads=3)


def before_transformers_5(config):
    """As models were published before transformers 5, which writes the tied flag as true for all and what it said elsewhere."""
    scaled = config.pop("scale_decoder_outputs", False)
    if not scaled:
        config["tie_word_embeddings"] = False
    for key in ("is_gated_act", "dense_act_fn", "is_decoder", "classifier_dropout"):
        config.pop(key)
    config["n_positions"] = 512
    config["task_specific_params"] = {"translation_en_to_de": {"prefix": "translate English to German: "}}


MODELS = {
    "t5-relu-tied": (T5ForConditionalGeneration, T5Config, dict(T5, num_layers=2, feed_forward_proj="relu"), before_transformers_5, False),
    "t5-gated-untied": (T5ForConditionalGeneration, T5Config, dict(T5, num_layers=1, num_decoder_layers=2, d_model=14, d_kv=8, d_ff=20, num_heads=2, feed_forward_proj="gated-gelu", tie_word_embeddings=False, relative_attention_num_buckets=10), before_transformers_5, True),
    "t5-gated-tied-buckets": (T5ForConditionalGeneration, T5Config, dict(T5, num_layers=2, num_decoder_layers=1, d_ff=20, decoder_start_token_id=3, feed_forward_proj="gated-gelu", relative_attention_num_buckets=7, relative_attention_max_distance=11, layer_norm_epsilon=1e-5), None, False),
    # As google/flan-ul2 has it.
    "t5-gated-silu": (T5ForConditionalGeneration, T5Config, dict(T5, num_layers=1, num_heads=2, d_ff=14, feed_forward_proj="gated-silu", tie_word_embeddings=False), before_transformers_5, False),
    "mt5-published": (MT5ForConditionalGeneration, MT5Config, dict(T5, num_layers=1, num_decoder_layers=1, d_kv=5, d_ff=14, num_heads=2), before_transformers_5, False),
}


def scales(config):
    return getattr(config, "scale_decoder_outputs", False)


def prepare(model, generator):
    """transformers 5 ties every head when it makes a model; a checkpoint with two different weights keeps both."""
    if not scales(model.config):
        model.lm_head.weight = torch.nn.Parameter(torch.randn(model.lm_head.weight.shape, generator=generator))


def draw(config, name, parameter, noise):
    """Another value than the common one for `parameter`, or None."""
    if name == "shared.weight":
        return noise * (0.4 if scales(config) else 1.0)
    if name == "decoder.final_layer_norm.weight" and scales(config):
        # The head is scaled down, so the final norm brings the logits back to order one.
        return 3 + noise
    if "relative_attention_bias" in name:
        return noise
    if name.endswith((".q.weight", ".k.weight")):
        # Scores are not scaled by the size of a head.
        return noise * 1.2 / (parameter.shape[1] * config.d_kv**0.5) ** 0.5
    return None
