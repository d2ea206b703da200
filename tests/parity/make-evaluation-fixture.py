"""Makes fixtures/evaluation: a tiny random Llama with a tokenizer, and what lm-evaluation-harness makes of the tasks beside it.

Usage, from the root of the checkout: python tests/parity/make-evaluation-fixture.py
"""

import json
import subprocess
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

here = Path(__file__).parent
folder = here / "fixtures" / "evaluation"
model_folder = folder / "model"

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
texts = [line for name in ("capitals", "examples") for line in (folder / "tasks" / f"{name}.jsonl").read_text().splitlines()]
questions = ["Question: what is the capital of the world?\nAnswer: Q: A: We went to , the capital of . The capital of is ", "Capitals of the world.\n\n"] * 4
tokenizer.train_from_iterator(texts + questions, trainers.BpeTrainer(vocab_size=360, special_tokens=["<|end|>", "<|begin|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", bos_token="<|begin|>", pad_token="<|end|>")
fast.chat_template = "{% for message in messages %}<|begin|>{{ message.role }}: {{ message.content }}\n{% endfor %}{% if add_generation_prompt %}<|begin|>assistant: {% endif %}"
fast.save_pretrained(model_folder)

torch.manual_seed(7)
# Short enough that long texts take several windows and many examples are cut.
config = LlamaConfig(vocab_size=360, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=True, bos_token_id=1, eos_token_id=0)
model = LlamaForCausalLM(config)
for name, parameter in model.named_parameters():
    parameter.data = torch.randn_like(parameter) * (1.0 if "norm" in name else 0.15) + (1.0 if "norm" in name else 0.0)
model.to(torch.float32).save_pretrained(model_folder)

names = ["fixture_contexts", "fixture_continuation", "fixture_rolling", "fixture_generation", "fixture_group"]
out = folder / "lm-eval.json"


def run(*options):
    subprocess.run([sys.executable, str(here / "lm-eval-scores.py"), str(model_folder), ",".join(names), str(out), "--include-path", str(folder / "tasks"), *options], check=True)
    return json.loads(out.read_text())


result = run("--batch-size", "3")
chat = run("--chat", "--batch-size", "2")
kept = lambda given: {
    "scores": given["scores"],
    "samples": {name: [{"index": row["index"], "arguments": row["arguments"], "responses": row["responses"]} for row in rows if row["filter"] == rows[0]["filter"]] for name, rows in given["samples"].items()},
}
out.write_text(json.dumps({"plain": kept(result), "chat": kept(chat)}, separators=(",", ":")))
print(out.stat().st_size)
