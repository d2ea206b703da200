"""Mixtral."""

from transformers import MixtralConfig, MixtralForCausalLM

from .shared import BASE, flat_rope

MIXTRAL = dict(BASE, hidden_size=16, intermediate_size=14, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2, rms_norm_eps=1e-5, experts_implementation="eager")
PLAIN = dict(rope_type="default", rope_theta=1000000.0)

MODELS = {
    "mixtral-published": (MixtralForCausalLM, MixtralConfig, dict(MIXTRAL, rope_parameters=PLAIN), flat_rope, True),
    "mixtral-tied-window": (MixtralForCausalLM, MixtralConfig, dict(MIXTRAL, num_key_value_heads=1, head_dim=6, sliding_window=4, num_local_experts=3, tie_word_embeddings=True, rope_parameters=PLAIN), None, False),
    "mixtral-linear-three-of-five": (MixtralForCausalLM, MixtralConfig, dict(MIXTRAL, num_key_value_heads=4, num_hidden_layers=1, num_local_experts=5, num_experts_per_tok=3, rope_parameters=dict(rope_type="linear", rope_theta=1000.0, factor=2.0)), flat_rope, False),
}


def draw(config, name, parameter, noise):
    """Another value than the common one for `parameter`, or None."""
    if "experts" in name:
        # [experts, out, in]: transformers holds the experts of a layer in one.
        return noise * 1.2 / parameter.shape[-1] ** 0.5
    return None


def published(name, tensor):
    """The parameter `name` of transformers, or its gradient, under the names of published files."""
    name = name.replace(".mlp.", ".block_sparse_moe.")
    path, _, last = name.rpartition(".")
    if last == "gate_up_proj":
        gate, up = tensor.chunk(2, dim=1)
        return {f"{path}.{expert}.{part}.weight": values[expert] for part, values in (("w1", gate), ("w3", up)) for expert in range(len(tensor))}
    if last == "down_proj":
        return {f"{path}.{expert}.w2.weight": tensor[expert] for expert in range(len(tensor))}
    return {name: tensor}
