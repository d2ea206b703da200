"""Makes the tiny random models that every family is compared with, and what transformers computes on them.

    python tests/parity/make-family-fixtures.py [NAME ...]

What is made stands in families/FAMILY.py: MODELS; draw where a family needs other weights than the common ones; prepare where a model is changed
before its weights are drawn; published where transformers holds parameters otherwise than published
files do; LENGTHS where rows and prompts are of other lengths. Needs torch,
transformers 5 and safetensors; works offline. Writes tests/parity/fixtures/families/NAME/ (fixtures/larger-models/NAME/ where
the text model lies within a larger one):

    config.json, model.safetensors   the model as published models are laid out (one configuration is sharded)
    expected.json                    token rows, the loss, prompts and their greedy continuations; of encoder-decoders the rows are the decoder's,
                                     and `sources` and `promptSources` what the encoder reads beside each
    expected.safetensors             `logits` [tokens, vocabulary] of all rows one after another, `gradient.PARAMETER` of the loss

The loss is the mean cross-entropy of every next token inside its row. Weights are drawn wide, so that logits are of order one and a
wrong norm, scale or rotation shows; a greedy step whose two best logits are close draws the weights again.
"""
import hashlib
import importlib
import json
import shutil
import sys
from pathlib import Path
from typing import Callable, NamedTuple

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

OUT = Path(__file__).parent / "fixtures" / "families"
# Models that are more than their text model, which an import takes out: no folder of families/, each of which loads as it stands.
LARGER_OUT = OUT.parent / "larger-models"
NEW_TOKENS = 14
MARGIN = 0.005
LENGTHS = ((11, 1, 7, 16), (5, 1, 9))
# The first fixtures were drawn with seeds by their place in a list.
SEEDS = {"llama-grouped-tied": 1, "llama-biases": 2, "llama-rope-llama3": 3, "llama-rope-linear": 4, "llama-rope-yarn": 5, "mistral-window": 6, "gemma3-pattern": 7, "gemma3-published-linear": 8, "gemma3-softcap-untied": 9}


class Recipe(NamedTuple):
    """One tiny model: an entry of the MODELS of a file in families/."""

    model_class: type
    config_class: type
    settings: dict
    rewrite: Callable | None  # turns config.json into another published spelling
    sharded: bool
    draw: Callable | None  # draw(config, name, parameter, noise): another value than the common one, or None
    published: Callable | None  # published(name, tensor): a parameter or its gradient as {published name: tensor}
    prepare: Callable | None  # prepare(model, generator)
    lengths: tuple  # of the rows, and of the prompts


def read_recipes():
    recipes = {}
    for path in sorted((Path(__file__).parent / "families").glob("*.py")):
        family = importlib.import_module(f"families.{path.stem}")
        for name, entry in getattr(family, "MODELS", {}).items():
            recipes[name] = Recipe(*entry, getattr(family, "draw", None), getattr(family, "published", None), getattr(family, "prepare", None), getattr(family, "LENGTHS", {}).get(name, LENGTHS))
    return recipes


def draw_weights(model, draw, generator):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            own = draw(model.config, name, parameter, noise) if draw else None
            if own is not None:
                parameter.copy_(own)
            elif "norm" in name and name.endswith("weight"):
                # Gemma norms hold the distance from one and start at zeros; the others start at ones.
                parameter.copy_(parameter + 0.3 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.3 * noise)
            elif "embed_tokens" in name:
                # Tied heads would only ever repeat their input if the embedding ruled the residual stream.
                parameter.copy_(noise * (0.25 if model.config.tie_word_embeddings else 1.0))
            else:
                parameter.copy_(noise * 1.2 / parameter.shape[1] ** 0.5)


def greedy(model, prompt, source):
    """Continues with the cache; None if a step is too close to call."""
    read = source or prompt
    decoder = {"decoder_input_ids": torch.tensor([prompt])} if source else {}
    # transformers 5.19 makes the cache as deep as the encoder; a deeper decoder has to do without.
    use_cache = not source or model.config.num_decoder_layers <= model.config.num_layers
    out = model.generate(torch.tensor([read]), attention_mask=torch.ones(1, len(read), dtype=torch.long), **decoder, max_new_tokens=NEW_TOKENS, do_sample=False, use_cache=use_cache, output_logits=True, return_dict_in_generate=True)
    for step in out.logits:
        best = step[0].topk(2).values
        if best[0] - best[1] < MARGIN:
            return None
    return out.sequences[0, len(prompt):].tolist()


def make(name, recipe):
    # By name, so that a new family leaves the others as they are.
    seed = SEEDS.get(name) or int(hashlib.sha256(name.encode()).hexdigest()[:4], 16)
    while not make_with(name, recipe, seed):
        seed += 1000


def make_with(name, recipe, seed):
    model_class, config_class, settings, rewrite, sharded, draw, published, prepare, (row_lengths, prompt_lengths) = recipe
    generator = torch.Generator().manual_seed(seed)
    model = model_class(config_class(**json.loads(json.dumps(settings)))).eval()
    # The other attention of transformers leaves soft caps out.
    model.set_attn_implementation("eager")
    model.generation_config.eos_token_id = None
    if prepare:
        prepare(model, generator)
    draw_weights(model, draw, generator)
    rows = [torch.randint(0, 97, (length,), generator=generator).tolist() for length in row_lengths]
    prompts = [torch.randint(0, 97, (length,), generator=generator).tolist() for length in prompt_lengths]
    reads_source = model.config.is_encoder_decoder
    sources, prompt_sources = [None] * len(rows), [None] * len(prompts)
    if reads_source:
        for row in rows + prompts:
            row[0] = model.config.decoder_start_token_id
        sources = [torch.randint(0, 97, (length,), generator=generator).tolist() for length in (9, 13, 1, 20)]
        prompt_sources = [torch.randint(0, 97, (length,), generator=generator).tolist() for length in (17, 4, 1)]
    continuations = [greedy(model, prompt, source) for prompt, source in zip(prompts, prompt_sources)]
    if None in continuations or any(len(set(c)) < 3 for c in continuations):
        return False

    folder = (LARGER_OUT if "text_config" in settings else OUT) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.save_pretrained(folder, max_shard_size="20KB" if sharded else "50GB")
    (folder / "generation_config.json").unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text())
    if rewrite:
        rewrite(config)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")

    # What was written must be what transformers reads back, the rewritten configuration included.
    auto_class = AutoModelForSeq2SeqLM if reads_source else AutoModelForCausalLM
    model = auto_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager").eval()
    model.generation_config.eos_token_id = None
    count = sum(len(row) - 1 for row in rows)
    all_logits, loss = [], 0
    for row, source in zip(rows, sources):
        read = {"input_ids": torch.tensor([source]), "decoder_input_ids": torch.tensor([row])} if source else {"input_ids": torch.tensor([row])}
        logits = model(**read).logits[0]
        all_logits.append(logits.detach())
        loss = loss + torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(row[1:], dtype=torch.long), reduction="sum") / count
    loss.backward()
    tensors = {"logits": torch.cat(all_logits)}
    for parameter_name, parameter in model.named_parameters():
        parts = published(parameter_name, parameter.grad) if published else {parameter_name: parameter.grad}
        for part_name, gradient in parts.items():
            tensors[f"gradient.{part_name}"] = gradient.contiguous()
    again = [greedy(model, prompt, source) for prompt, source in zip(prompts, prompt_sources)]
    assert again == continuations, (name, again, continuations)
    save_file(tensors, folder / "expected.safetensors")
    expected = {"rows": rows, "loss": loss.item(), "prompts": prompts, "continuations": continuations}
    if reads_source:
        expected |= {"sources": sources, "promptSources": prompt_sources}
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    print(f"{name}: seed {seed}, {sum(p.numel() for p in model.parameters())} parameters, loss {loss.item():.4f}, largest logit {tensors['logits'].abs().max():.2f}, {sum(f.stat().st_size for f in folder.iterdir())} bytes")
    return True


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, recipe in read_recipes().items():
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            make(name, recipe)
