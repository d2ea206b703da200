"""mergekit's side of merge-methods.mjs: answers each line, a method's name, with the seconds that all weights take."""

import json
import sys
import time

import torch
from mergekit.merge_methods import merge_tensors

task = json.loads(sys.argv[1])
torch.set_num_threads(task["threads"])
torch.set_grad_enabled(False)
torch.manual_seed(1)
weights = []
for shape, times in task["shapes"]:
    base = torch.randn(shape, dtype=torch.bfloat16) * 0.02
    weights.append((times, [base] + [base + torch.randn(shape, dtype=torch.bfloat16) * 0.002 for _ in range(3)]))
print("ready", flush=True)
for line in sys.stdin:
    given, count, with_base = task["settings"][line.strip()]
    seconds = 0
    for times, (base, *models) in weights:
        inputs = ([base] if with_base else []) + models[:count]
        first = 1 if with_base else 0
        parameters = {key: {first + index: value for index in range(count)} if key in ("weight", "density", "gamma", "epsilon") else value for key, value in given.items()}
        started = time.perf_counter()
        merge_tensors(inputs, line.strip(), parameters=parameters, base_index=0 if with_base else None, ids=list(range(len(inputs))))
        seconds += times * (time.perf_counter() - started)
    print(seconds, flush=True)
