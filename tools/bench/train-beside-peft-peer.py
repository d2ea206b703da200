"""The other side of train-beside-peft.mjs: transformers and peft in a loop of their own, without anything around them that costs time: bfloat16 throughout, a fused AdamW,
sdpa, no gradient checkpointing, rows padded to the longest of their batch. Prints one line of JSON: {"rowsPerSecond", "tokensPerSecond", "loss"}."""
import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

settings = json.loads(sys.argv[1])
device, batch, steps, warm_up = settings["device"], settings["batch"], settings["steps"], settings["warmUp"]
torch.manual_seed(1)
torch.set_num_threads(settings["threads"])
wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
tokenizer = AutoTokenizer.from_pretrained(settings["model"])
model = AutoModelForCausalLM.from_pretrained(settings["model"], dtype=torch.bfloat16, attn_implementation="sdpa").to(device)
if settings["method"] == "lora":
    model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, lora_dropout=0, target_modules="all-linear", task_type="CAUSAL_LM"), autocast_adapter_dtype=False)
model.train()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=settings["learningRate"], weight_decay=0, fused=True)


def encode(messages):
    ask = lambda part, opened: tokenizer.apply_chat_template(part, tokenize=False, add_generation_prompt=opened)
    begin = tokenizer(ask(messages[:-1], True), add_special_tokens=False)["input_ids"]
    whole = tokenizer(ask(messages, False).rstrip("\n"), add_special_tokens=False)["input_ids"]
    return whole, [-100] * len(begin) + whole[len(begin):]


with open(settings["dataset"]) as file:
    rows = [encode(json.loads(line)["messages"]) for line in file]
losses, tokens, started = [], 0, 0.0
for step in range(steps):
    if step == warm_up:
        wait()
        started, tokens = time.perf_counter(), 0
    chosen = rows[step * batch : (step + 1) * batch]
    width = max(len(ids) for ids, _ in chosen)
    ids = torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in chosen], device=device)
    labels = torch.tensor([kept + [-100] * (width - len(kept)) for _, kept in chosen], device=device)
    mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in chosen], device=device)
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    losses.append(loss.item())  # as a trainer that logs each step does
    tokens += sum(len(ids) for ids, _ in chosen)
wait()
seconds = time.perf_counter() - started
print(json.dumps({"rowsPerSecond": (steps - warm_up) * batch / seconds, "tokensPerSecond": tokens / seconds, "loss": losses}))
