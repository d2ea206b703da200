"""GPT-2 and Cerebras-GPT."""

from transformers import GPT2Config, GPT2LMHeadModel

from .shared import draw_gpt

GPT2 = dict(vocab_size=97, n_positions=26, n_embd=18, n_layer=2, n_head=3, n_inner=26, bos_token_id=None, eos_token_id=None, pad_token_id=None)

MODELS = {
    "gpt2-new-gelu": (GPT2LMHeadModel, GPT2Config, dict(GPT2, n_embd=12, n_head=2, n_inner=None), None, False),
    "gpt2-cerebras-inner": (GPT2LMHeadModel, GPT2Config, dict(GPT2, activation_function="gelu", layer_norm_epsilon=1e-3), None, False),
    "gpt2-layer-scaled-untied": (GPT2LMHeadModel, GPT2Config, dict(GPT2, n_embd=14, n_layer=3, n_head=2, scale_attn_by_inverse_layer_idx=True, reorder_and_upcast_attn=True, tie_word_embeddings=False), None, True),
    "gpt2-unscaled": (GPT2LMHeadModel, GPT2Config, dict(GPT2, n_layer=1, n_head=1, scale_attn_weights=False), None, False),
}
draw = draw_gpt
