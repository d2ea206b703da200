"""What transformers' squad_metrics (SQuAD 2's script) make of texts put together at random from words that they treat in ways of their own.

    python tests/parity/make-squad-fixture.py

Needs transformers; works offline. Writes tests/parity/fixtures/evaluation/squad.json: [[answer, right answer, exact, f1], ...].
"""
import json
import random
from pathlib import Path

from transformers.data.metrics.squad_metrics import compute_exact, compute_f1

random.seed(11)
WORDS = ["the", "The", "a", "an", "A.", "theé", "éa", "a-b", "cat", "cat.", "CAT", "don't", "dont", "3.5", "35", "x_y", "the_", "\u00a0", "\n", "“the”", "東京", "İ", "ΟΔΟΣ", "", "!", "b\u2009c", "a\u0301", "of", "mat"]


def text(low, high):
    return " ".join(random.choices(WORDS, k=random.randint(low, high)))


def altered(source):
    return " ".join(random.choice(WORDS) if random.random() < 0.2 else word.upper() if random.random() < 0.2 else word for word in source.split(" "))


pairs = []
for number in range(120):
    right = text(0, 5)
    answer = text(0, 5) if number % 3 == 0 else altered(right)
    pairs.append([answer, right, compute_exact(right, answer), compute_f1(right, answer)])
path = Path(__file__).parent / "fixtures" / "evaluation" / "squad.json"
path.write_text(json.dumps(pairs) + "\n")
