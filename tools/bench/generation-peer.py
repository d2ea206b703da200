"""The other side of generation.mjs: transformers, asked line by line. Each line of the standard input is JSON {"rows": [[token ids]], "new": count};
the answer is one line {"seconds": wall time, "processor": processor time, "tokens": [[new token ids]]}. Greedy, end tokens ignored, rows padded on the left."""
import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
import torch
from transformers import AutoModelForCausalLM

folder, dtype, threads = sys.argv[1:4]
device = os.environ.get("TUNESMITH_DEVICE", "cpu")
torch.set_num_threads(int(threads))
model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="sdpa").to(device).eval()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    rows, new = request["rows"], request["new"]
    width = max(map(len, rows))
    ids = torch.tensor([[0] * (width - len(row)) + row for row in rows], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
    started, processor = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        out = model.generate(input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=new, min_new_tokens=new, pad_token_id=0)
    answer = {"seconds": time.perf_counter() - started, "processor": time.process_time() - processor, "tokens": out[:, width:].tolist()}
    print(json.dumps(answer), flush=True)
