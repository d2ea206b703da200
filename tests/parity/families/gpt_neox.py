"""GPT-NeoX and Pythia."""

from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from .shared import BASE, draw_gpt

NEOX = dict(BASE, hidden_size=24, intermediate_size=30, num_hidden_layers=2, num_attention_heads=3)


def rotary_published(config):
    """As EleutherAI/pythia-160m spells it: rotary_pct and rotary_emb_base at the top."""
    rope = config.pop("rope_parameters")
    config["rotary_pct"] = rope["partial_rotary_factor"]
    config["rotary_emb_base"] = rope["rope_theta"]


def rotary(part, theta=10000.0, rope_type="default", **scaling):
    return dict(rope_type=rope_type, rope_theta=theta, partial_rotary_factor=part, **scaling)


MODELS = {
    "gpt-neox-parallel": (GPTNeoXForCausalLM, GPTNeoXConfig, dict(NEOX, hidden_act="gelu_fast", rope_parameters=rotary(0.5)), None, True),
    "gpt-neox-sequential-published": (GPTNeoXForCausalLM, GPTNeoXConfig, dict(NEOX, num_attention_heads=2, use_parallel_residual=False, layer_norm_eps=1e-3, rope_parameters=rotary(0.4, 50.0)), rotary_published, False),
    "gpt-neox-tied-whole-heads": (GPTNeoXForCausalLM, GPTNeoXConfig, dict(NEOX, hidden_size=18, num_attention_heads=3, attention_bias=False, tie_word_embeddings=True, rope_parameters=rotary(1.0, 100.0)), None, False),
    "gpt-neox-linear": (GPTNeoXForCausalLM, GPTNeoXConfig, dict(NEOX, num_hidden_layers=1, num_attention_heads=1, rope_parameters=rotary(0.25, 100.0, "linear", factor=3.0)), None, False),
}
draw = draw_gpt


def published(name, tensor):
    """transformers 5 calls the head lm_head; files keep its old name."""
    return {name.replace("lm_head.", "embed_out."): tensor}
