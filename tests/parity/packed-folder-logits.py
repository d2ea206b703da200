"""What transformers computes with folders of packed linears (compressed-tensors).

Usage: python tests/parity/packed-folder-logits.py TOKENS FOLDER…    (TOKENS: ids with commas between them)
Writes a line of JSON for each folder: {"logProbabilities": of each token but the first, in float32, "packed": how many modules were packed}.
"""
import json
import sys

import torch
from transformers import AutoModelForCausalLM

tokens = torch.tensor([[int(token) for token in sys.argv[1].split(",")]])
for folder in sys.argv[2:]:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    # GPT-NeoX' keeps the type of the file.
    model.get_output_embeddings().float()
    with torch.no_grad():
        scores = torch.log_softmax(model(tokens).logits[0, :-1], -1).gather(1, tokens[0, 1:, None])
    packed = sum(hasattr(module, "quantization_scheme") for module in model.modules())
    print(json.dumps({"logProbabilities": scores.flatten().tolist(), "packed": packed}))
