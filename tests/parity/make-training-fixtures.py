"""What torch and the published methods make of a tiny model in thirty steps, in float32 and without dropout.

    python tests/parity/make-training-fixtures.py

Needs torch, transformers 5, peft, galore-torch and safetensors; works offline. Reads tests/parity/fixtures/families/llama-grouped-tied and
writes tests/parity/fixtures/training/expected.json: token rows with loss masks, the settings, and for each method the loss of every step (mean
over the trained tokens of both rows) and the gradient norm before clipping. The reference of full tuning, LoRA, rsLoRA, DoRA, LoRA+, PiSSA,
OLoRA and AdaLoRA is torch's AdamW on PEFT's model; of GaLore it is galore-torch. Adapters start from A and B that the file holds, so that no
random number has to agree.
"""
import json
import math
from pathlib import Path

import torch
from galore_torch import GaLoreAdamW
from galore_torch.galore_projector import GaLoreProjector
from peft import AdaLoraConfig, LoraConfig, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent / "fixtures"
STEPS, PEAK, WARMUP, CLIP, DECAY = 30, 3e-3, 2, 1.0, 0.01


def learning_rate(step):
    if step < WARMUP:
        return PEAK * (step + 1) / (WARMUP + 1)
    return PEAK * (1 + math.cos(math.pi * min(1, (step - WARMUP) / (STEPS - WARMUP)))) / 2


def rows(generator):
    result = []
    for length in (13, 7, 9, 11):
        tokens = torch.randint(0, 97, (length,), generator=generator).tolist()
        result.append({"tokenIds": tokens, "lossMask": [place >= length // 2 for place in range(length)]})
    return result


def loss_of(model, batch):
    total, count = 0.0, 0
    for row in batch:
        tokens = torch.tensor([row["tokenIds"]])
        logits = model(tokens, use_cache=False).logits[0, :-1]
        kept = torch.tensor(row["lossMask"][1:])
        total = total + torch.nn.functional.cross_entropy(logits[kept], tokens[0, 1:][kept], reduction="sum")
        count += int(kept.sum())
    return total / count


def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=PEAK, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)


def train(model, data, optimizer=None, penalty=None, after_step=None):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = optimizer or adamw(parameters)
    factors = [group["lr"] / PEAK for group in optimizer.param_groups]
    steps = {"loss": [], "gradientNorm": []}
    for step in range(STEPS):
        for group, factor in zip(optimizer.param_groups, factors):
            group["lr"] = learning_rate(step) * factor
        loss = loss_of(model, data[(step % 2) * 2:(step % 2) * 2 + 2])
        if penalty:
            loss = loss + penalty(model)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, CLIP)
        optimizer.step()
        if after_step:
            after_step(step)
        steps["loss"].append(round(loss.item(), 6))
        steps["gradientNorm"].append(round(norm.item(), 6))
    return steps


def load():
    return AutoModelForCausalLM.from_pretrained(HERE / "families" / "llama-grouped-tied", dtype=torch.float32, attn_implementation="eager")


def adapted(**changes):
    return get_peft_model(load(), LoraConfig(r=2, lora_alpha=6, target_modules=["q_proj", "down_proj"], lora_dropout=0.0, **changes))


def plain_name(name):
    return name.removeprefix("base_model.model.").replace(".default", "")


def draw_start(model, generator):
    """A and B that are not zero, rounded as the file holds them."""
    start = {}
    for name, parameter in model.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            start[plain_name(name)] = [round(value, 5) for value in ((torch.rand(parameter.shape, generator=generator) - 0.5) * 0.4).flatten().tolist()]
    return start


def put_start(model, start):
    for name, parameter in model.named_parameters():
        if plain_name(name) in start:
            with torch.no_grad():
                parameter.copy_(torch.tensor(start[plain_name(name)]).reshape(parameter.shape))
    return model


def adalora(data, generator):
    """tinit, tfinal and deltaT as in the settings; AdaLoraModel.update_and_allocate after each step, as its documentation says."""
    settings = {"initialRank": 4, "targetRank": 2, "alpha": 8, "warmupSteps": 3, "finalSteps": 9, "interval": 2, "beta1": 0.8, "beta2": 0.9, "orthogonality": 0.05}
    model = get_peft_model(load(), AdaLoraConfig(
        init_r=4, target_r=2, lora_alpha=8, tinit=3, tfinal=9, deltaT=2, beta1=0.8, beta2=0.9, orth_reg_weight=0.05, total_step=STEPS, target_modules=["q_proj", "down_proj"]))
    start = draw_start(model, generator)
    put_start(model, start)

    def penalty(model):
        norms = []
        for name, parameter in model.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                square = parameter @ parameter.T if "lora_A" in name else parameter.T @ parameter
                norms.append(torch.norm(square - torch.eye(len(square)), p="fro"))
        return 0.05 * sum(norms) / len(norms)

    steps = train(model, data, penalty=penalty, after_step=model.base_model.update_and_allocate)
    kept = {plain_name(name).removesuffix(".lora_E"): mask for name, mask in model.peft_config["default"].rank_pattern.items()}
    return {"settings": settings, "start": start, "kept": kept, **steps}


class Together:
    def __init__(self, *optimizers):
        self.optimizers = optimizers
        self.param_groups = [group for optimizer in optimizers for group in optimizer.param_groups]

    def step(self):
        for optimizer in self.optimizers:
            optimizer.step()

    def zero_grad(self):
        for optimizer in self.optimizers:
            optimizer.zero_grad()


def with_fixed_signs(find):
    """Singular directions have no sign of their own; the one whose largest number is positive is as good, and no library's choice."""
    def found(self, weights, rank, type):
        directions = find(self, weights, rank, type)
        along = 1 if type == "right" else 0
        largest = directions.abs().argmax(along, keepdim=True)
        return directions * directions.gather(along, largest).sign()
    return found


def galore(data):
    GaLoreProjector.get_orthogonal_matrix = with_fixed_signs(GaLoreProjector.get_orthogonal_matrix)
    model = load()
    model.requires_grad_(True)
    projected = [parameter for name, parameter in model.named_parameters() if ".layers." in name and parameter.dim() == 2 and min(parameter.shape) > 4]
    others = [parameter for parameter in model.parameters() if not any(parameter is other for other in projected)]
    group = {"params": projected, "rank": 4, "update_proj_gap": 7, "scale": 0.5, "proj_type": "std"}
    optimizer = Together(adamw(others), GaLoreAdamW([group], lr=PEAK, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY, no_deprecation_warning=True))
    return {"rank": 4, "interval": 7, "scale": 0.5, **train(model, data, optimizer)}


generator = torch.Generator().manual_seed(5)
data = rows(generator)
full = load()
full.requires_grad_(True)
start = draw_start(adapted(), generator)
loraplus = put_start(adapted(), start)
loraplus_optimizer = create_loraplus_optimizer(loraplus, torch.optim.AdamW, lr=PEAK, loraplus_lr_ratio=4.0, loraplus_weight_decay=DECAY)
result = {
    "rows": data,
    "settings": {"clip": CLIP, "weightDecay": DECAY},
    "learningRate": [round(learning_rate(step), 9) for step in range(STEPS)],
    "adapter": {"rank": 2, "alpha": 6, "targetModules": ["q_proj", "down_proj"], "start": start},
    "full": train(full, data),
    "lora": train(put_start(adapted(), start), data),
    "rslora": train(put_start(adapted(use_rslora=True), start), data),
    "dora": train(put_start(adapted(use_dora=True), start), data),
    "loraplus": {"ratio": 4, **train(loraplus, data, loraplus_optimizer)},
    "pissa": train(adapted(init_lora_weights="pissa"), data),
    "olora": train(adapted(init_lora_weights="olora"), data),
    "adalora": adalora(data, generator),
    "galore": galore(data),
}

(HERE / "training").mkdir(parents=True, exist_ok=True)
(HERE / "training" / "expected.json").write_text(json.dumps(result) + "\n")
