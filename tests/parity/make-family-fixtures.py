"""Makes the tiny random models that every family is compared with, and what transformers computes on them.

    python tests/parity/make-family-fixtures.py [NAME ...]

Needs torch, transformers 5 and safetensors; works offline. Writes tests/parity/fixtures/families/NAME/:

    config.json, model.safetensors   the model as published models are laid out (one configuration is sharded)
    expected.json                    token rows, the loss, prompts and their greedy continuations
    expected.safetensors             `logits` [tokens, vocabulary] of all rows one after another, `gradient.PARAMETER` of the loss

The loss is the mean cross-entropy of every next token inside its row. Weights are drawn wide, so that logits are of order one and a
wrong norm, scale or rotation shows; a greedy step whose two best logits are close draws the weights again.
"""
import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

OUT = Path(__file__).parent / "fixtures" / "families"
NEW_TOKENS = 14
MARGIN = 0.005


def flat_rope(config):
    """The older published form: rope_theta beside an optional rope_scaling."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope if rope["rope_type"] != "default" else None


def flat_rope_with_type(config):
    """Older still: `type` in place of `rope_type`."""
    flat_rope(config)
    config["rope_scaling"]["type"] = config["rope_scaling"].pop("rope_type")


def gemma3_published(config):
    """As google/gemma-3-1b-it spells it: no layer_types, two thetas at the top."""
    rope = config.pop("rope_parameters")
    full = rope["full_attention"]
    config["rope_theta"] = full.pop("rope_theta")
    config["rope_scaling"] = full if full["rope_type"] != "default" else None
    config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
    config.pop("layer_types")
    config["sliding_window_pattern"] = config.pop("_sliding_window_pattern")


BASE = dict(vocab_size=97, max_position_embeddings=64, bos_token_id=None, eos_token_id=None, pad_token_id=None)
LLAMA = dict(BASE, hidden_size=36, intermediate_size=50, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, rms_norm_eps=1e-5)
GEMMA3 = dict(BASE, hidden_size=32, intermediate_size=44, num_attention_heads=4, num_key_value_heads=2, head_dim=10, query_pre_attn_scalar=20)

# name: (model class, config class, settings, rewriting of config.json or None, sharded)
MODELS = {
    "llama-grouped-tied": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=10000.0)), flat_rope, False),
    "llama-biases": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_key_value_heads=6, head_dim=10, attention_bias=True, mlp_bias=True, rope_parameters=dict(rope_type="default", rope_theta=500.0)), None, False),
    "llama-rope-llama3": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_key_value_heads=1, rope_parameters=dict(rope_type="llama3", rope_theta=100.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)), flat_rope, True),
    "llama-rope-linear": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_hidden_layers=1, head_dim=4, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=3.0)), flat_rope_with_type, False),
    "llama-rope-yarn": (LlamaForCausalLM, LlamaConfig, dict(LLAMA, num_hidden_layers=1, num_key_value_heads=3, head_dim=12, rope_parameters=dict(rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16)), None, False),
    "mistral-window": (MistralForCausalLM, MistralConfig, dict(LLAMA, num_attention_heads=4, head_dim=8, sliding_window=4, rope_parameters=dict(rope_type="default", rope_theta=10000.0)), flat_rope, False),
    "gemma3-pattern": (Gemma3ForCausalLM, Gemma3TextConfig, dict(GEMMA3, num_hidden_layers=3, sliding_window=4, layer_types=["sliding_attention", "full_attention", "sliding_attention"]), None, False),
    "gemma3-published-linear": (Gemma3ForCausalLM, Gemma3TextConfig, dict(GEMMA3, num_hidden_layers=4, sliding_window=3, sliding_window_pattern=2, rope_parameters=dict(full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1000.0), sliding_attention=dict(rope_type="default", rope_theta=50.0))), gemma3_published, False),
    "gemma3-softcap-untied": (Gemma3ForCausalLM, Gemma3TextConfig, dict(GEMMA3, num_hidden_layers=2, num_key_value_heads=1, sliding_window=5, layer_types=["full_attention", "sliding_attention"], attention_bias=True, final_logit_softcapping=4.0, tie_word_embeddings=False, query_pre_attn_scalar=7), None, False),
}


def draw_weights(model, generator):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name == "model.norm.weight" and model.config.model_type == "gemma3_text" and model.config.tie_word_embeddings:
                # The embedding is drawn narrow (below), so the final norm brings the logits back to order one.
                parameter.copy_(3 + noise)
            elif name.endswith("norm.weight"):
                # Gemma norms hold the distance from one and start at zeros; the others start at ones.
                parameter.copy_(parameter + 0.3 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.3 * noise)
            elif "embed_tokens" in name:
                # Tied heads would only ever repeat their input if the embedding ruled the residual stream.
                tied = 0.06 if model.config.model_type == "gemma3_text" else 0.25
                parameter.copy_(noise * (tied if model.config.tie_word_embeddings else 1.0))
            else:
                parameter.copy_(noise * 1.2 / parameter.shape[1] ** 0.5)


def greedy(model, prompt):
    """Continues with the cache; None if a step is too close to call."""
    out = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), max_new_tokens=NEW_TOKENS, do_sample=False, use_cache=True, output_logits=True, return_dict_in_generate=True)
    for step in out.logits:
        best = step[0].topk(2).values
        if best[0] - best[1] < MARGIN:
            return None
    return out.sequences[0, len(prompt):].tolist()


def make(name, seed):
    while not make_with(name, seed):
        seed += 1000


def make_with(name, seed):
    model_class, config_class, settings, rewrite, sharded = MODELS[name]
    generator = torch.Generator().manual_seed(seed)
    model = model_class(config_class(**json.loads(json.dumps(settings)))).eval()
    model.generation_config.eos_token_id = None
    draw_weights(model, generator)
    rows = [torch.randint(0, 97, (length,), generator=generator).tolist() for length in (11, 1, 7, 16)]
    prompts = [torch.randint(0, 97, (length,), generator=generator).tolist() for length in (5, 1, 9)]
    continuations = [greedy(model, prompt) for prompt in prompts]
    if None in continuations or any(len(set(c)) < 3 for c in continuations):
        return False

    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.save_pretrained(folder, max_shard_size="20KB" if sharded else "50GB")
    (folder / "generation_config.json").unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text())
    if rewrite:
        rewrite(config)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")

    # What was written must be what transformers reads back, the rewritten configuration included.
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    count = sum(len(row) - 1 for row in rows)
    all_logits, loss = [], 0
    for row in rows:
        logits = model(torch.tensor([row])).logits[0]
        all_logits.append(logits.detach())
        loss = loss + torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(row[1:], dtype=torch.long), reduction="sum") / count
    loss.backward()
    tensors = {"logits": torch.cat(all_logits)}
    for parameter_name, parameter in model.named_parameters():
        tensors[f"gradient.{parameter_name}"] = parameter.grad.contiguous()
    again = [greedy(model, prompt) for prompt in prompts]
    assert again == continuations, (name, again, continuations)
    save_file(tensors, folder / "expected.safetensors")
    expected = {"rows": rows, "loss": loss.item(), "prompts": prompts, "continuations": continuations}
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    print(f"{name}: seed {seed}, {sum(p.numel() for p in model.parameters())} parameters, loss {loss.item():.4f}, largest logit {tensors['logits'].abs().max():.2f}, {sum(f.stat().st_size for f in folder.iterdir())} bytes")
    return True


if __name__ == "__main__":
    torch.set_num_threads(1)
    for index, name in enumerate(MODELS):
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            make(name, index + 1)
