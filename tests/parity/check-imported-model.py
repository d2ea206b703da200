"""Checks an imported model folder against transformers and llama.cpp.

    node tools/build.mjs
    python tests/parity/check-imported-model.py FOLDER [MODEL.gguf]

Loads FOLDER with AutoModelForCausalLM and AutoTokenizer; token ids, decoded text and chat renderings must equal ours; with the GGUF file the
log-probabilities of a passage must be close to llama.cpp's (whose activations are quantized); greedy answers are printed and must make sense.
Needs torch 2.15 and transformers 5.23.
"""

import json
import subprocess
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, *gguf = sys.argv[1:]
root = Path(__file__).parents[2]
node = root / ".toolchain/node/bin/node"
ours = json.loads(subprocess.run([str(node) if node.exists() else "node", str(root / "tests/parity/describe-model.mjs"), folder, *gguf], check=True, capture_output=True).stdout)
failures = []

tokenizer = AutoTokenizer.from_pretrained(folder)
print(type(tokenizer).__name__)
for item in ours["texts"]:
    ids = tokenizer(item["text"])["input_ids"]
    if ids != item["ids"]:
        failures.append(("ids", item["text"], ids, item["ids"]))
    for key, skip in (("decoded", False), ("withoutSpecial", True)):
        decoded = tokenizer.decode(item["ids"], skip_special_tokens=skip)
        if decoded != item[key]:
            failures.append((key, item["text"], decoded, item[key]))
for item in ours["rendered"]:
    text = tokenizer.apply_chat_template(item["messages"], add_generation_prompt=item["addGenerationPrompt"], tokenize=False)
    ids = tokenizer.apply_chat_template(item["messages"], add_generation_prompt=item["addGenerationPrompt"], tokenize=True, return_dict=True)["input_ids"]
    if text != item["text"] or list(ids) != item["ids"]:
        failures.append(("rendering", item["messages"], text, item["text"]))
print(f"{len(ours['texts'])} texts and {len(ours['rendered'])} renderings compared")

model, report = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
print({key: value for key, value in report.items()}, model.dtype, f"{sum(p.numel() for p in model.parameters())} parameters")
for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
    if report.get(key):
        failures.append((key, report[key]))
if sorted(set(map(int, [model.generation_config.eos_token_id] if isinstance(model.generation_config.eos_token_id, int) else model.generation_config.eos_token_id))) != sorted(ours["eosTokenIds"]):
    failures.append(("eos", model.generation_config.eos_token_id, ours["eosTokenIds"]))

model = model.float().eval()
with torch.no_grad():
    if reference := ours.get("reference"):
        ids = torch.tensor([reference["tokens"]])
        log_probs = torch.log_softmax(model(ids).logits[0, :-1], -1).gather(1, ids[0, 1:, None])[:, 0]
        theirs = torch.tensor(reference["logProbs"])
        worst = (log_probs - theirs).abs()
        print(f"mean log-probability {log_probs.mean():.4f}, llama.cpp {theirs.mean():.4f}; mean difference {worst.mean():.4f}, largest {worst.max():.4f}")
        if (log_probs.mean() - theirs.mean()).abs() > 0.02 or worst.mean() > 0.1:
            failures.append(("logits", float(worst.mean())))
    for question in ("What is the capital of France?", "Name three colours.", "What is 2 + 2?"):
        prompt = tokenizer.apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True)
        answer = model.generate(**prompt, max_new_tokens=40, do_sample=False)
        print(question, "->", repr(tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)))

for failure in failures[:10]:
    print("FAILED", failure)
print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)
