"""What lm-evaluation-harness makes of tasks: scores, and what each request of each document got.

Usage: python lm-eval-scores.py MODEL_FOLDER TASK.yaml,... OUT.json [--dtype float32] [--limit N] [--num-fewshot N] [--batch-size 8] [--chat]
Prints the seconds that asking took, by the clock and of all processors, without the loading. Task files find their data relative to the folder that this is started in.
"""

import argparse
import json
import time

import torch
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import AutoModelForSeq2SeqLM

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("tasks")
parser.add_argument("out")
parser.add_argument("--dtype", default="float32")
parser.add_argument("--limit", type=int)
parser.add_argument("--num-fewshot", type=int)
parser.add_argument("--batch-size", type=int, default=8)
parser.add_argument("--threads", type=int)
parser.add_argument("--include-path")
parser.add_argument("--chat", action="store_true")
options = parser.parse_args()

if options.threads:
    torch.set_num_threads(options.threads)
backend = "seq2seq" if "t5" in json.load(open(f"{options.model}/config.json")).get("model_type", "") else "causal"
model = HFLM(pretrained=options.model, dtype=options.dtype, batch_size=options.batch_size, device="cpu", backend=backend)
if backend == "seq2seq":
    # HFLM ties weights once more behind loading, and the configuration of any T5 says since transformers 5.19 that its head is tied.
    model._model = AutoModelForSeq2SeqLM.from_pretrained(options.model, dtype=options.dtype).eval()
seconds = {}
processor = {}


def timed(name):
    original = getattr(model, name)

    def run(*args, **kwargs):
        start, used = time.perf_counter(), time.process_time()
        try:
            return original(*args, **kwargs)
        finally:
            seconds[name] = seconds.get(name, 0) + time.perf_counter() - start
            processor[name] = processor.get(name, 0) + time.process_time() - used

    setattr(model, name, run)


for kind in ("loglikelihood", "loglikelihood_rolling", "generate_until"):
    timed(kind)

results = simple_evaluate(
    model=model,
    tasks=options.tasks.split(","),
    task_manager=TaskManager(include_path=options.include_path),
    limit=options.limit,
    num_fewshot=options.num_fewshot,
    log_samples=True,
    apply_chat_template=options.chat,
    bootstrap_iters=0,
    verbosity="ERROR",
)


def plain(response):
    """[[(log-probability, greedy)]] and [["text"]] alike, without the repeats of one."""
    return [list(item[0]) if isinstance(item[0], tuple) else item[0] if len(item) == 1 else list(item) for item in response]


def arguments(sample):
    return [[entry[key] for key in sorted(entry) if isinstance(entry[key], str)] for entry in (sample["arguments"].values() if isinstance(sample["arguments"], dict) else [{str(i): a for i, a in enumerate(args)} for args in sample["arguments"]])]


samples = {
    name: [{"index": sample["doc_id"], "arguments": arguments(sample), "responses": plain(sample["resps"]), "filter": sample["filter"]} for sample in rows]
    for name, rows in results["samples"].items()
}
scores = {name: {key: value for key, value in values.items() if isinstance(value, (int, float)) and not isinstance(value, bool)} for name, values in {**results["results"], **results.get("groups", {})}.items()}
json.dump({"scores": scores, "samples": samples, "seconds": seconds, "processor": processor}, open(options.out, "w"), default=str)
print(json.dumps({"seconds": seconds, "processor": processor}))
