"""A tiny T5 with a tokenizer such as T5 ships, and what transformers, tokenizers and PEFT make of texts with it.

    python tests/parity/make-encoder-decoder-fixture.py [--charsmap FOLDER]

Needs torch, transformers 5, peft, sentencepiece and safetensors; works offline. Writes tests/parity/fixtures/encoder-decoder/:

    config.json, model.safetensors (bfloat16), tokenizer.json, tokenizer_config.json, generation_config.json
    adapter-start/, adapter/   PEFT folders: before and after the LoRA steps
    expected.json              texts with their token ids; rows of prompt and completion with the log-probability of each target token and
                               with the greedy answer, as the model is and with the adapter; per step of full tuning and of LoRA the loss
                               (transformers' own, of padded batches) and the gradient norm before clipping

With --charsmap the tokenizer alone is written, to FOLDER, with the normalization map of sentencepiece's nmt_nfkc as T5 has it (320 KB, too
large to keep): tokenizer.json and texts.json, for tests/parity/check-tokenizer.mjs.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import sentencepiece
import torch
from peft import LoraConfig, get_peft_model
from sentencepiece import sentencepiece_model_pb2
from transformers import AutoModelForSeq2SeqLM, T5Config, T5ForConditionalGeneration, T5Tokenizer

HERE = Path(__file__).parent / "fixtures"
OUT = HERE / "encoder-decoder"
STEPS, PEAK, CLIP, DECAY = 8, 5e-3, 1.0, 0.01
TEXTS = ["The quick brown fox.", " two  spaces\n\nand lines ", "", "fill <extra_id_0> in <extra_id_3>", "the end</s> of it", "unknown ☃ sign, 42!", "<pad>x", "Don't stop"]
ROWS = [
    ("Name the color of the sky.", "It is blue."),
    ("What is two and two?", "four"),
    ("Who are you?", "I am a small model."),
    ("Repeat: the end", "the end"),
]


def make_tokenizer(charsmap):
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/spiece"
        sentencepiece.SentencePieceTrainer.train(
            input=str(HERE / "english.txt"), model_prefix=prefix, model_type="unigram", vocab_size=180, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
            normalization_rule_name="nmt_nfkc", hard_vocab_limit=False, num_threads=1, minloglevel=2,
        )
        model = sentencepiece_model_pb2.ModelProto()
        model.ParseFromString(Path(f"{prefix}.model").read_bytes())
    vocabulary = [(piece.piece, piece.score) for piece in model.pieces] + [(f"<extra_id_{i}>", 0.0) for i in reversed(range(4))]
    return T5Tokenizer(vocab=vocabulary, extra_ids=4, _spm_precompiled_charsmap=model.normalizer_spec.precompiled_charsmap if charsmap else None)


def save_tokenizer(tokenizer, folder):
    tokenizer.save_pretrained(folder)
    for name in ("spiece.model", "special_tokens_map.json"):
        (Path(folder) / name).unlink(missing_ok=True)


def make_model(tokenizer):
    torch.manual_seed(3)
    rows = (len(tokenizer) + 31) // 32 * 32
    config = T5Config(vocab_size=rows, d_model=32, d_kv=8, num_heads=4, d_ff=32, num_layers=1, num_decoder_layers=1, feed_forward_proj="gated-gelu", tie_word_embeddings=False, decoder_start_token_id=0)
    model = T5ForConditionalGeneration(config)
    model.lm_head.weight = torch.nn.Parameter(torch.randn(rows, 32))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                scale = 1.0 if "shared" in name or "bias" in name else (8 if name.endswith((".q.weight", ".k.weight")) else 1) ** -0.25 * parameter.shape[1] ** -0.5
                parameter.copy_(torch.randn(parameter.shape) * scale)
    return model


def load():
    return AutoModelForSeq2SeqLM.from_pretrained(OUT, dtype=torch.float32, attn_implementation="eager").eval()


def scores(model, tokenizer, prompt, completion):
    target = tokenizer(completion).input_ids
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([tokenizer(prompt).input_ids]), decoder_input_ids=torch.tensor([[0] + target[:-1]])).logits[0]
        answer = model.generate(torch.tensor([tokenizer(prompt).input_ids]), max_new_tokens=12, do_sample=False)[0, 1:].tolist()
    return {"logProbs": [round(value, 6) for value in logits.log_softmax(-1)[torch.arange(len(target)), target].tolist()], "answer": answer[:answer.index(1)] if 1 in answer else answer}


def train(model, tokenizer):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=PEAK, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)
    steps = []
    for step in range(STEPS):
        batch = ROWS[(step % 2) * 2:(step % 2) * 2 + 2]
        source = tokenizer([prompt for prompt, _ in batch], padding=True, return_tensors="pt")
        labels = tokenizer([completion for _, completion in batch], padding=True, return_tensors="pt").input_ids
        loss = model(**source, labels=labels.masked_fill(labels == 0, -100)).loss
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, CLIP)
        optimizer.step()
        steps.append({"learningRate": PEAK, "loss": loss.item(), "gradientNorm": norm.item()})
    return steps


def main():
    if "--charsmap" in sys.argv:
        folder = Path(sys.argv[sys.argv.index("--charsmap") + 1])
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = make_tokenizer(True)
        save_tokenizer(tokenizer, folder)
        (folder / "texts.json").write_text(json.dumps([{"text": text, "tokenIds": tokenizer(text).input_ids} for text in TEXTS + ["ﬁne Ａ１ ①½ e\u0301 a\u200bb tab\there"]]))
        return
    shutil.rmtree(OUT, ignore_errors=True)
    tokenizer = make_tokenizer(False)
    make_model(tokenizer).to(torch.bfloat16).save_pretrained(OUT)
    save_tokenizer(tokenizer, OUT)
    plain = load()
    expected = {
        "texts": [{"text": text, "tokenIds": tokenizer(text).input_ids} for text in TEXTS],
        "rows": [{"prompt": prompt, "completion": completion, "sourceTokenIds": tokenizer(prompt).input_ids, "targetTokenIds": tokenizer(completion).input_ids, **scores(plain, tokenizer, prompt, completion)} for prompt, completion in ROWS],
        "settings": {"clip": CLIP, "weightDecay": DECAY, "rank": 2, "alpha": 6},
    }
    full = load()
    expected["full"] = train(full, tokenizer)

    # No task_type: peft 0.20 asks transformers 5 for a method that is gone where it says SEQ_2_SEQ_LM.
    adapted = get_peft_model(load(), LoraConfig(r=2, lora_alpha=6, target_modules="all-linear", lora_dropout=0.0)).eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if parameter.requires_grad:
                parameter.copy_((torch.rand(parameter.shape, generator=generator) - 0.5) * 0.4)
    adapted.save_pretrained(OUT / "adapter-start")
    expected["lora"] = train(adapted, tokenizer)
    adapted.save_pretrained(OUT / "adapter")
    expected["adapted"] = [scores(adapted, tokenizer, prompt, completion) for prompt, completion in ROWS]
    for folder in (OUT / "adapter-start", OUT / "adapter"):
        (folder / "README.md").unlink()
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": None, "target_modules": sorted(config["target_modules"])}, indent=1) + "\n")
    (OUT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    print(len(tokenizer), "tokens,", sum(p.numel() for p in plain.parameters()), "parameters;", [row["answer"] for row in expected["rows"]], [step["loss"] for step in expected["lora"]], [step["loss"] for step in expected["full"]])


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
