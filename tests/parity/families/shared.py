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
