"""What the tiny models of every family share, and the rewriting of config.json into older published spellings."""

BASE = dict(vocab_size=97, max_position_embeddings=64, bos_token_id=None, eos_token_id=None, pad_token_id=None)


def flat_rope(config):
    """The older published form: rope_theta beside an optional rope_scaling."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope if rope["rope_type"] != "default" else None


def flat_rope_with_type(config):
    """Older still: `type` in place of `rope_type`."""
    flat_rope(config)
    config["rope_scaling"]["type"] = config["rope_scaling"].pop("rope_type")


def draw_gpt(config, name, parameter, noise):
    """For families whose norms are called ln_1, ln_f: norms and biases around where they start, embeddings narrow where the head is tied."""
    if ("ln_" in name or "layernorm" in name or "layer_norm" in name) and name.endswith("weight"):
        return 1 + 0.3 * noise
    if name.endswith("wpe.weight"):
        return 0.3 * noise
    if name.endswith(("wte.weight", "embed_in.weight")):
        return noise * (0.25 if config.tie_word_embeddings else 1.0)
    if name.endswith(("attn.c_attn.weight", "mlp.c_fc.weight", "c_proj.weight")) and type(config).__name__ == "GPT2Config":
        # Conv1D: [in, out].
        return noise * 1.2 / parameter.shape[0] ** 0.5
    return None
