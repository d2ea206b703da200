"""What torch's AdamW, gradient clipping and a cosine schedule make of a tiny model in eight steps: full tuning, and LoRA by PEFT.

    python tests/parity/make-training-fixtures.py

Needs torch, transformers 5, peft and safetensors; works offline. Reads tests/parity/fixtures/families/llama-grouped-tied and writes
tests/parity/fixtures/training/expected.json: token rows with loss masks, the settings, and per step the learning rate, the loss
(mean over the trained tokens of both rows) and the gradient norm before clipping. The LoRA run starts from A and B that the
file holds, so that no random number has to agree.
"""
import json
import math
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent / "fixtures"
STEPS, PEAK, WARMUP, CLIP, DECAY = 8, 3e-3, 2, 1.0, 0.01


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


def train(model, data):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=PEAK, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)
    steps = []
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = learning_rate(step)
        loss = loss_of(model, data[(step % 2) * 2:(step % 2) * 2 + 2])
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, CLIP)
        optimizer.step()
        steps.append({"learningRate": learning_rate(step), "loss": loss.item(), "gradientNorm": norm.item()})
    return steps


def load():
    return AutoModelForCausalLM.from_pretrained(HERE / "families" / "llama-grouped-tied", dtype=torch.float32, attn_implementation="eager")


generator = torch.Generator().manual_seed(5)
data = rows(generator)
full = load()
full.requires_grad_(True)
result = {"rows": data, "settings": {"steps": STEPS, "peak": PEAK, "warmup": WARMUP, "clip": CLIP, "weightDecay": DECAY}, "full": train(full, data)}

adapted = get_peft_model(load(), LoraConfig(r=2, lora_alpha=6, target_modules=["q_proj", "down_proj"], lora_dropout=0.0))
start = {}
for name, parameter in adapted.named_parameters():
    if parameter.requires_grad:
        with torch.no_grad():
            parameter.copy_((torch.rand(parameter.shape, generator=generator) - 0.5) * 0.4)
        start[name.removeprefix("base_model.model.").replace(".default", "")] = [round(value, 7) for value in parameter.flatten().tolist()]
        with torch.no_grad():
            parameter.copy_(torch.tensor(start[name.removeprefix("base_model.model.").replace(".default", "")]).reshape(parameter.shape))
result["lora"] = {"rank": 2, "alpha": 6, "targetModules": ["q_proj", "down_proj"], "start": start, "steps": train(adapted, data)}

(HERE / "training").mkdir(parents=True, exist_ok=True)
(HERE / "training" / "expected.json").write_text(json.dumps(result) + "\n")
