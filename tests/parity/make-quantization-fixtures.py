"""What the exporters and encoders of libs/quantization are compared with.

Usage: python tests/parity/make-quantization-fixtures.py    (needs torch, transformers 5, tokenizers, safetensors and gguf==0.19.0)
Writes into tests/parity/fixtures/quantization/:

    gguf-blocks.json   rows of 64 float32 numbers and what gguf-py makes of them in each type, in base64
    llama/, gemma3/    tiny random models with tokenizers of their own, weights in bfloat16, and what transformers computes on them in
                       float32: expected.json has texts with their token ids, rows of token ids with their logits (base64, [tokens,
                       vocabulary]), and greedy continuations of the first tokens of each row

Head sizes are multiples of 16 and rows multiples of 32, which the operators of ONNX Runtime and the block types ask for.
"""
import base64
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from gguf import quants
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HERE = Path(__file__).parent
OUT = HERE / "fixtures" / "quantization"
ROW = 64
random = np.random.default_rng(20240917)


def rows():
    """Plain rows of several magnitudes, and the corners: zeros, one element, ties, halves, equal magnitudes of both signs, tiny numbers."""
    made = [random.standard_normal(ROW) * scale for scale in (1, 0.02, 1e-4, 300, 1e-6)]
    made.append(np.zeros(ROW))
    single = np.zeros(ROW)
    single[5], single[40] = -3.5, 0.25
    made.append(single)
    made.append(np.linspace(-1, 1, ROW))
    made.append(np.tile([0.5, -0.5], ROW // 2))
    # With a largest magnitude of 127 the scale is 1, so these are exact halves: they round away from zero.
    halves = np.arange(ROW) - 31.5
    halves[0], halves[33] = 127, -127
    made.append(halves)
    # Steps of 1/8 of the largest, and halves of a step, for four bits.
    eighths = (np.arange(ROW) % 17 - 8) / 2
    eighths[3], eighths[35] = -8, 8
    made.append(eighths)
    made.append(random.standard_normal(ROW) ** 5)
    return np.stack(made).astype(np.float32)


values = rows()
text = lambda array: base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
types = {"f32": Type.F32, "f16": Type.F16, "bf16": Type.BF16, "q8_0": Type.Q8_0, "q4_0": Type.Q4_0}
encoded = {name: quants.quantize(values, kind) for name, kind in types.items()}
fixture = {
    "source": "gguf-py 0.19.0, quants.quantize and quants.dequantize",
    "rows": len(values),
    "rowLength": ROW,
    "values": text(values),
    "encoded": {name: text(data) for name, data in encoded.items()},
    "decoded": {name: text(quants.dequantize(data, types[name])) for name, data in encoded.items()},
}
OUT.mkdir(parents=True, exist_ok=True)
(OUT / "gguf-blocks.json").write_text(json.dumps(fixture, indent=1) + "\n")

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
TEXTS = [
    "The quick brown fox, it's 12345 years old; isn't it?",
    "  two spaces,\ttab\nand\n\nlines   ",
    "<|im_start|>user\nWhat is the name of the river?<|im_end|>\n<|im_start|>assistant\n",
    "gr\u00fc\u00df \u4f60\u597d \U0001f600 na\u00efve",
]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def byte_level_tokenizer():
    """As SmolLM2's: single digits, then GPT-2's rule."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=SPECIAL, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train([str(HERE / "fixtures" / "english.txt")], trainer)
    return tokenizer, dict(bos_token="<|im_start|>", eos_token="<|im_end|>", unk_token="<|endoftext|>", pad_token="<|im_end|>")


def sentencepiece_tokenizer():
    """As Gemma's: no prefix space, bytes for what the vocabulary lacks."""
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "\u2581")
    trained.pre_tokenizer = pre_tokenizers.Split("\u2581", "merged_with_next")
    trained.train([str(HERE / "fixtures" / "english.txt")], trainers.BpeTrainer(vocab_size=120, show_progress=False))
    state = json.loads(trained.to_str())["model"]
    learned = sorted(state["vocab"], key=state["vocab"].get)
    words = ["<pad>", "<eos>", "<bos>", "<unk>", *SPECIAL[1:], *(f"<0x{byte:02X}>" for byte in range(256)), *learned]
    vocab = {word: index for index, word in enumerate(words)}
    merges = [tuple(merge) for merge in state["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in words[:6]])
    return tokenizer, dict(bos_token="<bos>", eos_token="<eos>", unk_token="<unk>", pad_token="<pad>")


# The llama3 settings are the published ones, which GGUF cannot tell from others.
LLAMA = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, attention_bias=True, mlp_bias=True,
             tie_word_embeddings=False, rms_norm_eps=1e-5, max_position_embeddings=128,
             rope_parameters=dict(rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192))
# llama.cpp fixes the pattern (every sixth layer sees all), the local theta and the scale of the scores, so these are the published ones.
GEMMA3 = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=6, num_attention_heads=2, num_key_value_heads=1, head_dim=16, query_pre_attn_scalar=16, sliding_window=8,
              final_logit_softcapping=4.0, max_position_embeddings=128, layer_types=["sliding_attention"] * 5 + ["full_attention"],
              rope_parameters=dict(full_attention=dict(rope_type="default", rope_theta=1000000.0), sliding_attention=dict(rope_type="default", rope_theta=10000.0)))


def make_model(name, model_class, config_class, settings, tokenizer, named):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    ids = {key.replace("_token", "_token_id"): tokenizer.token_to_id(token) for key, token in named.items() if key != "unk_token"}
    torch.manual_seed(7)
    model = model_class(config_class(vocab_size=tokenizer.get_vocab_size(), **settings, **ids))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # Wide, so that logits are of order one and a wrong norm, scale or rotation shows.
            parameter.add_(torch.randn_like(parameter) * (0.1 if "norm" in key or "bias" in key else 0.15))
    model.to(torch.bfloat16).save_pretrained(folder)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=TEMPLATE, **named)
    wrapped.save_pretrained(folder, save_jinja_files=False)
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(tokenizer_class="PreTrainedTokenizerFast", chat_template=TEMPLATE, **named), indent=1) + "\n")
    config = json.loads((folder / "config.json").read_text())
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    rows = []
    for length in (1, 23, 40):
        row = torch.randint(6, config["vocab_size"], (1, length))
        with torch.no_grad():
            logits = model(row).logits[0]
            prompt = row[:, :5]
            # Token 0 ends nothing here: all continuations have the same length.
            greedy = prompt
            for _ in range(8):
                greedy = torch.cat([greedy, model(greedy).logits[:, -1:].argmax(-1)], 1)
        rows.append(dict(tokenIds=row[0].tolist(), logits=text(logits.numpy().astype(np.float32)), prompt=prompt[0].tolist(), continuation=greedy[0, prompt.shape[1]:].tolist()))
    texts = [dict(text=line, tokenIds=tokenizer.encode(line, add_special_tokens=False).ids) for line in TEXTS]
    (folder / "expected.json").write_text(json.dumps(dict(rows=rows, texts=texts), indent=1) + "\n")


make_model("llama", LlamaForCausalLM, LlamaConfig, LLAMA, *byte_level_tokenizer())
make_model("gemma3", Gemma3ForCausalLM, Gemma3TextConfig, GEMMA3, *sentencepiece_tokenizer())
