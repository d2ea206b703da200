"""What mergekit 0.1.5 makes of small weights, for the parity of libs/merging/src/methods.

    python make-merge-fixtures.py                 writes fixtures/merging/{bfloat16,float16,float32,float64}.safetensors
    python make-merge-fixtures.py TASKS.json      live, for merge-methods.peers.spec.ts

Tasks are a list of {"shapes": {WEIGHT: [...]}, "dtype": NAME, "inputs": FILE, "out": FILE, "cases": {METHOD: [parameters, ...]}, "seed": N, "pinned": bool};
inputs are made where they are not there yet. They are named "NUMBER:WEIGHT", 0 being the
base; results are named "METHOD.CASE.base|alone:WEIGHT". Methods with an optional base run with and without it.

Chance is pinned where "pinned" is set, or two right programs could not be compared element by element: torch.bernoulli gives the masks of our generator
(Philox4x32-10 of seed, weight and model), and DELLA's ranks are those of a stable sort. Which of equal magnitudes TIES, Breadcrumbs and SCE keep is up to the
sorts of the machine's libtorch; the committed weights (seed 42) have none at any threshold.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
import torch
from mergekit.merge_methods import merge_tensors
from safetensors.torch import load_file, save_file

here = pathlib.Path(__file__).parent
MEMBERS = {"linear", "karcher", "passthrough"}
OPTIONAL_BASE = {"nuslerp", "multislerp"}
COUNTS = {"slerp": 1, "nuslerp": 2, "nearswap": 1, "arcee_fusion": 1, "passthrough": 1}
PER_MODEL = {"weight", "density", "gamma", "epsilon", "scale"}
SHARED_EPSILON = {"ram", "ramplus_tl"}
BLOCK = 1024


def tensor_seed(seed, name):
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") * 32 + (digest[6] >> 3)


def random_words(seed, block, row, stream):
    """The words of one block of 1,024 elements: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011)."""
    mask = np.uint64(0xFFFFFFFF)
    counter = [np.arange(BLOCK // 4, dtype=np.uint64) + np.uint64(block * (BLOCK // 4))]
    counter += [np.full(BLOCK // 4, value, dtype=np.uint64) for value in (row, stream, 0)]
    keys = [np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)]
    for _ in range(10):
        first, second = counter[0] * np.uint64(0xD2511F53), counter[2] * np.uint64(0xCD9E8D57)
        counter = [(second >> np.uint64(32)) ^ counter[1] ^ keys[0], second & mask, (first >> np.uint64(32)) ^ counter[3] ^ keys[1], first & mask]
        keys = [(keys[0] + np.uint64(0x9E3779B9)) & mask, (keys[1] + np.uint64(0xBB67AE85)) & mask]
    return np.concatenate(counter)


def words_of(seed, count, row, stream):
    blocks = [random_words(seed, block, row, stream) for block in range((count + BLOCK - 1) // BLOCK)]
    return torch.from_numpy(np.concatenate(blocks)[:count].astype(np.int64))


class Pinned:
    """torch with our chances, for the time of one merge."""

    def __init__(self, seed, densities):
        # One mask for each model whose density is neither 0 nor 1, in the models' order.
        self.seed, self.densities, self.ranks, self.plain = seed, densities, None, {}
        self.streams = iter([index for index, density in enumerate(densities) if 0 < density < 1])

    def __enter__(self):
        self.plain = {"argsort": torch.argsort, "bernoulli": torch.bernoulli}
        self.plain_method = torch.Tensor.argsort

        def argsort(x, dim=-1, descending=False):
            if x.dim() == 1:
                return self.plain["argsort"](x, dim=dim, descending=descending)
            self.ranks = torch.sort(x, dim=dim, descending=descending, stable=True).indices
            return self.ranks

        torch.argsort = torch.Tensor.argsort = argsort
        torch.bernoulli = self.bernoulli

    def bernoulli(self, probabilities):
        stream = next(self.streams)
        if self.ranks is None:
            words = words_of(self.seed, probabilities.numel(), 0, stream).reshape(probabilities.shape)
            bounds = torch.full(probabilities.shape, int(self.densities[stream] * 2**32), dtype=torch.int64)
        else:  # DELLA: the rank-th smallest of a row takes the rank-th word
            rows = [words_of(self.seed, probabilities.shape[1], row, stream) for row in range(probabilities.shape[0])]
            words = torch.stack(rows).gather(1, self.ranks)
            bounds = (probabilities.double() * 2**32).long()
            self.ranks = None
        return (words < bounds).to(probabilities.dtype)

    def __exit__(self, *_):
        for name, function in self.plain.items():
            setattr(torch, name, function)
        torch.Tensor.argsort = self.plain_method


def merge(method, case, tensors, name, with_base, seed, pinned):
    count = COUNTS.get(method, len(tensors) - 1)
    models = tensors[1 : count + 1]
    base_index = 0 if with_base else None
    inputs = [tensors[0], *models] if with_base else models
    parameters = {}
    for key, value in case.items():
        parameters[key] = dict(enumerate(value, start=1 if with_base else 0)) if isinstance(value, list) else value
    for key in (PER_MODEL - {"epsilon"} if method in SHARED_EPSILON else PER_MODEL) & set(case):
        if not isinstance(case[key], list):
            parameters[key] = {index + (1 if with_base else 0): case[key] for index in range(count)}
    inputs = [each.clone() for each in inputs]
    if not pinned:
        return merge_tensors(inputs, method, parameters=parameters, base_index=base_index, name=name, ids=list(range(len(inputs))))
    densities = case.get("density", 1)
    densities = densities if isinstance(densities, list) else [densities] * count
    with Pinned(tensor_seed(seed, name), densities):
        return merge_tensors(inputs, method, parameters=parameters, base_index=base_index, name=name, ids=list(range(len(inputs))))


def run(inputs, cases, seed, pinned):
    names = sorted({key.split(":", 1)[1] for key in inputs})
    results = {}
    for method, sets in cases.items():
        for index, case in enumerate(sets):
            for with_base in (False,) if method in MEMBERS else (True, False) if method in OPTIONAL_BASE else (True,):
                for name in names:
                    tensors = [inputs[f"{number}:{name}"] for number in range(4)]
                    merged = merge(method, case, tensors, name, with_base, seed, pinned)
                    results[f"{method}.{index}.{'base' if with_base else 'alone'}:{name}"] = merged.to(tensors[0].dtype).contiguous()
    return results


def random_models(shapes, dtype, seed):
    torch.manual_seed(seed)
    inputs = {}
    for name, shape in shapes.items():
        base = (torch.randn(shape) * 0.05).to(dtype)
        inputs[f"0:{name}"] = base
        for number in range(1, 4):
            inputs[f"{number}:{name}"] = (base.float() + torch.randn(shape) * 0.02).to(dtype)
    return inputs


def main():
    torch.set_grad_enabled(False)
    if len(sys.argv) > 1:
        for task in json.loads(pathlib.Path(sys.argv[1]).read_text()):
            if not pathlib.Path(task["inputs"]).exists():
                save_file(random_models(task["shapes"], getattr(torch, task["dtype"]), task["seed"]), task["inputs"])
            save_file(run(load_file(task["inputs"]), task["cases"], task["seed"], task["pinned"]), task["out"])
        return
    cases = json.loads((here / "merge-cases.json").read_text())
    folder = here / "fixtures" / "merging"
    folder.mkdir(parents=True, exist_ok=True)
    for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
        inputs = random_models({"matrix": [10, 16], "vector": [16]}, dtype, 42)
        results = run(inputs, cases, 1, True)
        save_file({**inputs, **results}, folder / f"{str(dtype).split('.')[1]}.safetensors")


main()
