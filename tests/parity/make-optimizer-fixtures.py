"""What the reference optimizers make of a few parameters in thirty steps, and the learning rates of transformers' schedules.

    python tests/parity/make-optimizer-fixtures.py

Needs torch and transformers 5; works offline. Writes tests/parity/fixtures/training/optimizers.json. Parameters and gradients are sines of their
places, so that nothing but the results has to be stored: value i of parameter p is sin(0.7 i + p), its gradient at step t is
(1 + 0.1 t) sin(0.37 i + 1.3 t + p), in float64 rounded to float32.
"""
import json
from pathlib import Path

import numpy
import torch
from transformers.optimization import Adafactor, get_constant_schedule_with_warmup, get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

HERE = Path(__file__).parent / "fixtures"
SHAPES = {"layers.0.wide.weight": [6, 10], "layers.0.tall.weight": [12, 4], "layers.0.norm.weight": [5]}
STEPS, KEPT = 30, (1, 10, 30)


def sines(shape, step, place):
    index = numpy.arange(int(numpy.prod(shape)), dtype=numpy.float64)
    return torch.tensor(((1 + 0.1 * step) * numpy.sin(0.37 * index + 1.3 * step + place)).astype(numpy.float32)).reshape(shape)


def start(shape, place):
    index = numpy.arange(int(numpy.prod(shape)), dtype=numpy.float64)
    return torch.tensor(numpy.sin(0.7 * index + place).astype(numpy.float32)).reshape(shape)


def run(make, names):
    parameters = {name: torch.nn.Parameter(start(SHAPES[name], list(SHAPES).index(name))) for name in names}
    optimizer = make(list(parameters.values()))
    kept = {name: {} for name in names}
    for step in range(STEPS):
        for name, parameter in parameters.items():
            parameter.grad = sines(SHAPES[name], step, list(SHAPES).index(name))
        optimizer.step()
        if step + 1 in KEPT:
            for name, parameter in parameters.items():
                kept[name][step + 1] = parameter.detach().flatten().tolist()
    return kept


def schedule(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    rates = []
    scheduler = make(optimizer)
    for _ in range(21):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates[1:]


result = {
    "shapes": SHAPES,
    "adafactor": run(lambda parameters: Adafactor(parameters, lr=1e-2, scale_parameter=False, relative_step=False, warmup_init=False, weight_decay=0.1), list(SHAPES)),
    "muon": run(lambda parameters: torch.optim.Muon(parameters, lr=1e-2, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"), list(SHAPES)[:2]),
    "adamw": run(lambda parameters: torch.optim.AdamW(parameters, lr=1e-2, weight_decay=0.0), list(SHAPES)[2:]),
    # Transformers' first step has the rate 0; ours are its steps from the second on, of one more step and one more step of warm-up.
    "schedules": {"steps": 20, "warmupSteps": 4, "constant": schedule(lambda optimizer: get_constant_schedule_with_warmup(optimizer, 5)),
                  "linear": schedule(lambda optimizer: get_linear_schedule_with_warmup(optimizer, 5, 21)), "cosine": schedule(lambda optimizer: get_cosine_schedule_with_warmup(optimizer, 5, 21))},
}
(HERE / "training").mkdir(parents=True, exist_ok=True)
(HERE / "training" / "optimizers.json").write_text(json.dumps(result) + "\n")
