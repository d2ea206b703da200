"""Loads adapters in PEFT, or makes PEFT's own, and writes the logits that transformers gives with each. Run by adapters.peers.spec.ts.

    python tests/parity/adapters-in-peft.py TASKS.json

TASKS.json: [{"model": FOLDER, "adapter": FOLDER, "logits": FILE, "make": null or keyword arguments of LoraConfig}]. The model is a fixture of
families/, whose rows are read; without `make` the adapter is loaded, with it one is made, filled with random numbers and saved. FILE gets the float32
logits [tokens of all rows, vocabulary]. Prints one JSON list: null or an error for each task.
"""
import json
import sys
import traceback
from pathlib import Path

import torch
from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM


def load(folder):
    auto_class = AutoModelForSeq2SeqLM if AutoConfig.from_pretrained(folder).is_encoder_decoder else AutoModelForCausalLM
    return auto_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager").eval()


def adapted(task, seed):
    base = load(task["model"])
    if task["make"] is None:
        config = PeftConfig.from_pretrained(task["adapter"])
        if config.task_type == "SEQ_2_SEQ_LM":
            # peft 0.20 asks the model for a method that transformers 5 no longer has; the plain wrapper does the same to the weights.
            config.task_type = None
        return PeftModel.from_pretrained(base, task["adapter"], config=config).eval()
    model = get_peft_model(base, LoraConfig(**task["make"])).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "lora_magnitude_vector" in name:
                parameter.mul_(1 + 0.2 * noise)
            elif "lora_" in name:
                parameter.copy_(0.1 * noise)
    model.save_pretrained(task["adapter"])
    return model


def logits(model, folder):
    expected = json.loads((Path(folder) / "expected.json").read_text())
    with torch.no_grad():
        if "sources" in expected:
            parts = [model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([row])).logits[0] for row, source in zip(expected["rows"], expected["sources"])]
        else:
            parts = [model(input_ids=torch.tensor([row])).logits[0] for row in expected["rows"]]
    return torch.cat(parts)


def main():
    errors = []
    for seed, task in enumerate(json.loads(Path(sys.argv[1]).read_text())):
        try:
            Path(task["logits"]).write_bytes(logits(adapted(task, seed), task["model"]).contiguous().numpy().tobytes())
            errors.append(None)
        except Exception:
            errors.append(traceback.format_exc())
    print(json.dumps(errors))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
