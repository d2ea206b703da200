"""The other side of synthesis.mjs: transformers' generate, asked line by line. Each line of the standard input is JSON {"prompts": [{"system", "user"}], "sampling":
{"temperature", "topP"}, "new": count, "batch": rows at a time}; the answer is one line {"seconds", "processor", "tokens": all new ones}. Rows are sorted by length, padded on
the left, and end at the model's end tokens; a batch ends when all its rows have."""
import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, dtype, threads = sys.argv[1:4]
torch.set_num_threads(int(threads))
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="sdpa").eval()
ends = {*([tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else [])}
configured = model.generation_config.eos_token_id
ends.update(configured if isinstance(configured, list) else [configured] if configured is not None else [])
pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(ends)
print(json.dumps({"ready": True}), flush=True)


def encode(prompt):
    messages = [{"role": role, "content": prompt[key]} for role, key in (("system", "system"), ("user", "user")) if key in prompt]
    return tokenizer(tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False), add_special_tokens=False)["input_ids"]


for line in sys.stdin:
    request = json.loads(line)
    temperature, top_p = request["sampling"]["temperature"], request["sampling"]["topP"]
    drawn = {"do_sample": True, "temperature": temperature, "top_p": top_p, "top_k": 0} if temperature > 0 else {"do_sample": False}
    started, processor, tokens = time.perf_counter(), time.process_time(), 0
    rows = sorted(map(encode, request["prompts"]), key=len, reverse=True)
    for start in range(0, len(rows), request["batch"]):
        some = rows[start : start + request["batch"]]
        width = max(map(len, some))
        ids = torch.tensor([[pad] * (width - len(row)) + row for row in some])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in some])
        with torch.inference_mode():
            out = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=request["new"], pad_token_id=pad, **drawn)
        for row in out[:, width:].tolist():
            end = next((place for place, token in enumerate(row) if token in ends), len(row))
            tokens += end
    print(json.dumps({"seconds": time.perf_counter() - started, "processor": time.process_time() - processor, "tokens": tokens}), flush=True)
