"""What Hugging Face's libraries take to tokenize, mask and pack the rows of a file. Usage: datasets-peer.py MODEL_FOLDER ROWS.jsonl LENGTH RUNS; prints a JSON line a run."""
import json, os, resource, sys, time

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1")
import numpy
from datasets import Dataset, disable_caching
from transformers import AutoTokenizer
from trl import pack_dataset

model, path, length, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
disable_caching()
tokenizer = AutoTokenizer.from_pretrained(model)
with open(path) as file:
    rows = Dataset.from_list([json.loads(line) for line in file])

# The template marks nothing by itself: the assistant's words are found by the tokens around them, as collators for completions do.
probe = tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False)
asked = tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False, add_generation_prompt=True)
header = numpy.array(tokenizer(asked[len(probe):], add_special_tokens=False)["input_ids"])
end = tokenizer.convert_tokens_to_ids("<|im_end|>") if "<|im_end|>" in asked else tokenizer.eos_token_id


def mask(ids):
    ids = numpy.asarray(ids)
    trained = numpy.zeros(len(ids), dtype=bool)
    for start in numpy.flatnonzero(ids == header[0]):
        if numpy.array_equal(ids[start : start + len(header)], header):
            begin = start + len(header)
            stop = begin + numpy.argmax(ids[begin:] == end)
            trained[begin : stop + 1] = True
    return trained


def encode(batch):
    texts = tokenizer.apply_chat_template(batch["messages"], tokenize=False)
    ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    return {"input_ids": ids, "labels": [numpy.where(mask(row), row, -100) for row in ids]}


for _ in range(runs):
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    encoded = rows.map(encode, batched=True, batch_size=1000, remove_columns=rows.column_names)
    packed = pack_dataset(encoded, length, strategy="bfd")
    after, ended = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    tokens = sum(len(row) for row in packed["input_ids"])
    trained = sum(label != -100 for row in packed["labels"] for label in row)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": ended - began, "processor": processor, "tokens": tokens, "trained": trained, "packs": len(packed)}), flush=True)
