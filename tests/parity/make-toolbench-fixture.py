"""What ModelScope's evalscope makes of agents' steps put together at random.

    python tests/parity/make-toolbench-fixture.py FILE

FILE is evalscope/third_party/toolbench_static/eval.py (evalscope 1.14); needs its rouge 1.0.1; works offline. Writes
tests/parity/fixtures/evaluation/toolbench.json: [{"documents": [{"tools", "reference", "prediction"}, ...], "metrics"}, ...]. Answers are small words,
no two alike, in one sentence: for such the ROUGE-L of rouge and of rouge_score agree.
"""
import importlib.util
import json
import random
import sys
import tempfile
from pathlib import Path

spec = importlib.util.spec_from_file_location("toolbench_eval", sys.argv[1])
toolbench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(toolbench)

random.seed(9)
TOOLS = ["weather", "search_music", "Finish"]
WORDS = ["rain", "falls", "in", "rome", "today", "with", "wind", "from", "the", "sea"]
VALUES = [1, "rome", {"a": [1, 2], "b": None}, True, [], 2.5]


def arguments():
    return json.dumps({name: random.choice(VALUES) for name in random.sample(["city", "day", "unit", "list"], random.randint(0, 3))})


def step():
    kind = random.random()
    if kind < 0.5:
        written = random.choice([arguments(), arguments(), arguments(), "{city: rome", "[1]", "{}"])
        name = random.choice(["weather", "search_music", "weather", "weather", "made_up", "invalid_hallucination_function_name"])
        return f"Thought: I look.\nAction: {name}\nAction Input: {written}"
    if kind < 0.75:
        answer = random.choice([" ".join(random.sample(WORDS, random.randint(1, 8))), " ".join(random.sample(WORDS, random.randint(3, 8))), "", " . ", None])
        final = {} if answer is None else {"final_answer": answer}
        return f"Thought: done.\nAction: Finish\nAction Input: {json.dumps({'return_type': 'give_answer', **final})}"
    if kind < 0.85:
        return "Action: Finish\nAction Input: " + random.choice(['{"return_type": "give_up_and_restart"}', "{}", "not JSON", "[]"])
    return random.choice(["I do not know.", "Action: weather", 'Action Input: {"city": 1}', 'Action: weather\nAction Input: {"day": 1}\nAction: search_music\nAction Input: {}', 'Action Input: {}\nAction: weather'])


def altered(reference):
    return random.choice([reference, reference, reference.replace("rome", "Oslo"), reference.replace('"city"', '"town"'), reference.replace("weather", "rain_radar")])


sets = []
for _ in range(6):
    documents = []
    for _ in range(30):
        reference = step()
        documents.append({"tools": TOOLS, "reference": reference, "prediction": altered(reference) if random.random() < 0.6 else step()})
    with tempfile.TemporaryDirectory() as folder:
        rows = [{"target": each["reference"], "predictions": each["prediction"], "tools": [{"name": name} for name in each["tools"]]} for each in documents]
        (Path(folder) / "predictions.json").write_text(json.dumps(rows))
        toolbench.run_eval(toolbench.EvalArgs(folder, folder))
        sets.append({"documents": documents, "metrics": json.loads((Path(folder) / "metrics.json").read_text())})

(Path(__file__).parent / "fixtures" / "evaluation" / "toolbench.json").write_text(json.dumps(sets, ensure_ascii=False) + "\n")
