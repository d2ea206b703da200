"""The other side of fusion.mjs: transformers, asked line by line. Each line of the standard input is JSON {"rows": [[token ids]], "masks": [[trained]]};
the answer is one line {"seconds": wall time, "processor": processor time, "crossEntropies": [mean of each row's trained tokens]}. What FuseChat's
get_data_representation does: one forward pass of padded batches, the top tokens of every place in float16, the cross-entropy of the trained ones."""
import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
import torch
from transformers import AutoModelForCausalLM

folder, dtype, threads, top_k, batch = sys.argv[1:6]
torch.set_num_threads(int(threads))
model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="sdpa").eval()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    examples = list(zip(request["rows"], request["masks"]))
    # Rows of one length stand together, which is the best that padding can do.
    order = sorted(range(len(examples)), key=lambda index: len(examples[index][0]))
    losses = [0.0] * len(examples)
    started, processor = time.perf_counter(), time.process_time()
    kept = []
    with torch.inference_mode():
        for start in range(0, len(order), int(batch)):
            chosen = order[start : start + int(batch)]
            width = max(len(examples[index][0]) for index in chosen)
            ids = torch.tensor([examples[index][0] + [0] * (width - len(examples[index][0])) for index in chosen])
            mask = torch.tensor([[1] * len(examples[index][0]) + [0] * (width - len(examples[index][0])) for index in chosen])
            logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
            values, indices = logits.topk(int(top_k), dim=-1)
            kept.append((values.to(torch.float16), indices.to(torch.int32)))
            labels = torch.tensor([[token if trained else -100 for token, trained in zip(*examples[index])] + [-100] * (width - len(examples[index][0])) for index in chosen])
            each = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), reduction="none", ignore_index=-100).view(len(chosen), -1)
            counts = (labels[:, 1:] != -100).sum(-1)
            for index, loss, count in zip(chosen, each.sum(-1).tolist(), counts.tolist()):
                losses[index] = loss / count
    print(json.dumps({"seconds": time.perf_counter() - started, "processor": time.process_time() - processor, "crossEntropies": losses}), flush=True)
