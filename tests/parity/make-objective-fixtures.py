"""What trl's DPO trainer and plain torch make of a tiny model: preference losses of ten steps, distillation losses with their gradients.

    python tests/parity/make-objective-fixtures.py

Needs torch, transformers 5, trl, datasets and tokenizers; works offline. Reads tests/parity/fixtures/families/llama-grouped-tied and
llama-rope-linear (the teacher) and writes tests/parity/fixtures/objectives/expected.json.
"""
import json
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer

HERE = Path(__file__).parent / "fixtures"
STEPS, RATE = 10, 2e-4


def load(name):
    return AutoModelForCausalLM.from_pretrained(HERE / "families" / name, dtype=torch.float32, attn_implementation="eager")


def words(ids):
    return " ".join(f"t{number}" for number in ids)


def preference_losses(pairs, beta, loss_type, loss_weights):
    """One step takes both pairs, one at a time. The words of the tokenizer are the token ids; the end token is 96."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({f"t{number}": number for number in range(97)}, unk_token="t0")), eos_token="t96", pad_token="t95")
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    dataset = Dataset.from_list([{"prompt": words(pair["prompt"]), "chosen": " " + words(pair["chosen"]), "rejected": " " + words(pair["rejected"])} for pair in pairs])
    with tempfile.TemporaryDirectory() as folder:
        arguments = DPOConfig(
            output_dir=folder, beta=beta, loss_type=loss_type, loss_weights=loss_weights, per_device_train_batch_size=1, gradient_accumulation_steps=2, max_steps=STEPS,
            learning_rate=RATE, lr_scheduler_type="constant", optim="adamw_torch", max_grad_norm=1.0, logging_steps=1, report_to=[], save_strategy="no", use_cpu=True, bf16=False,
            gradient_checkpointing=False, disable_dropout=True, seed=1,
        )
        trainer = DPOTrainer(model=load("llama-grouped-tied"), ref_model=load("llama-grouped-tied"), args=arguments, train_dataset=dataset, processing_class=tokenizer)
        trainer.train()
    history = [entry for entry in trainer.state.log_history if "loss" in entry]
    return {"loss": [entry["loss"] for entry in history], "gradientNorm": [entry["grad_norm"] for entry in history]}


generator = torch.Generator().manual_seed(3)
draw = lambda count: torch.randint(0, 95, (count,), generator=generator).tolist()
pairs = [{"prompt": draw(5), "chosen": draw(4), "rejected": draw(7)}, {"prompt": draw(3), "chosen": draw(6), "rejected": draw(2)}]
result = {"dpo": {"pairs": pairs, "end": 96, "learningRate": RATE, "beta": 0.1,
                  "sigmoid": preference_losses(pairs, 0.1, ["sigmoid"], None),
                  "withSft": preference_losses(pairs, 0.1, ["sigmoid", "sft"], [1.0, 0.7])}}


def distill_case(divergence, temperature, top_k, label_share):
    """The plain formula over all logits. The teacher's k largest logits are renormalised; for the reverse divergence the student is, too, over the same k tokens."""
    student, teacher = load("llama-grouped-tied"), load("llama-rope-linear")
    student.requires_grad_(True)
    total, count = 0.0, 0
    for row in DISTILLED:
        tokens = torch.tensor([row["tokenIds"]])
        kept = torch.tensor(row["lossMask"][1:])
        logits = student(tokens, use_cache=False).logits[0, :-1][kept]
        with torch.no_grad():
            taught = teacher(tokens, use_cache=False).logits[0, :-1][kept]
        labels = tokens[0, 1:][kept]
        total = total + label_share * torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
        student_log = torch.log_softmax(logits / temperature, -1)
        if top_k:
            values, indices = taught.topk(top_k, -1)
            teacher_log = torch.log_softmax(values / temperature, -1)
            student_log = student_log.gather(-1, indices)
            if divergence == "reverse-kl":
                student_log = torch.log_softmax(student_log, -1)
        else:
            teacher_log = torch.log_softmax(taught / temperature, -1)
        if divergence == "forward-kl":
            term = (teacher_log.exp() * (teacher_log - student_log)).sum()
        else:
            term = (student_log.exp() * (student_log - teacher_log)).sum()
        total = total + (1 - label_share) * temperature ** 2 * term
        count += int(kept.sum())
    loss = total / count
    loss.backward()
    norms = {name: parameter.grad.norm().item() for name, parameter in student.named_parameters()}
    return {"divergence": divergence, "temperature": temperature, "topK": top_k, "labelShare": label_share, "loss": loss.item(), "gradientNorms": norms}


DISTILLED = [{"tokenIds": draw(length), "lossMask": [place >= 2 for place in range(length)]} for length in (9, 6)]
result["distill"] = {"rows": DISTILLED, "cases": [
    distill_case("forward-kl", 1.0, 0, 0.0), distill_case("forward-kl", 2.0, 0, 0.5), distill_case("forward-kl", 1.5, 7, 0.9),
    distill_case("reverse-kl", 1.0, 0, 0.0), distill_case("reverse-kl", 2.0, 7, 0.25)]}

(HERE / "objectives").mkdir(parents=True, exist_ok=True)
(HERE / "objectives" / "expected.json").write_text(json.dumps(result) + "\n")
