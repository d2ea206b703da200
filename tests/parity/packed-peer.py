"""A model packed by llm-compressor's GPTQ on the very rows that ours is calibrated on; `packed-bars.mjs --score FOLDER` says what it costs.

    python tests/parity/packed-peer.py MODEL_FOLDER ROWS.json OUT [--symmetric] [--group-size 64]

ROWS.json: lists of token ids, as `packed-bars.mjs --rows ROWS.json` writes them. Needs an environment of its own with llmcompressor (seen with 0.14.0.1). The group size has to
divide the width of every linear: llm-compressor refuses others, ours takes a smaller one there.
"""
import argparse
import json
import time

import torch
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from datasets import Dataset
from llmcompressor import oneshot
from llmcompressor.modifiers.gptq import GPTQModifier
from transformers import AutoModelForCausalLM, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("rows")
parser.add_argument("out")
parser.add_argument("--symmetric", action="store_true")
parser.add_argument("--group-size", type=int, default=64)
options = parser.parse_args()

with open(options.rows) as file:
    rows = json.load(file)
data = Dataset.from_dict({"input_ids": rows, "attention_mask": [[1] * len(row) for row in rows]})
model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(options.model)
weights = QuantizationArgs(num_bits=4, type="int", symmetric=options.symmetric, strategy="group", group_size=options.group_size)
recipe = GPTQModifier(config_groups={"group_0": QuantizationScheme(targets=["Linear"], weights=weights)}, ignore=["lm_head"], dampening_frac=0.01)
started = time.time()
oneshot(model=model, dataset=data, recipe=recipe, max_seq_length=max(map(len, rows)), num_calibration_samples=len(rows), tokenizer=tokenizer)
print(f"written in {time.time() - started:.0f} s")
model.save_pretrained(options.out, save_compressed=True)
tokenizer.save_pretrained(options.out)
