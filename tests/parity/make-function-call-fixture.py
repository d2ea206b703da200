"""What the Berkeley Function Calling Leaderboard's decoder and checker make of calls that are right, nearly right and malformed.

    PYTHONPATH=FOLDER python tests/parity/make-function-call-fixture.py

FOLDER: bfcl-eval 2026.3.23, unpacked; none of what it depends on is needed. Works offline. Writes tests/parity/fixtures/evaluation/function-calls.json:
[{"functions", "truth", "answers": [[text, whether it is valid], ...]}, ...], the truth as JSON text.
"""
import json
import random
import sys
import types
from pathlib import Path


class Stub(types.ModuleType):
    """A module that is imported there and not used for Python calls."""

    __all__ = ()

    def __getattr__(self, name):
        if name == "MODEL_CONFIG_MAPPING":
            return {"m": types.SimpleNamespace(underscore_to_dot=False)}
        return Stub(name)

    def __call__(self, *_args, **_options):
        return self


for name in ["bfcl_eval.constants.model_config", "tree_sitter", "tree_sitter_java", "tree_sitter_javascript", "bfcl_eval.model_handler.parser.java_parser", "bfcl_eval.model_handler.parser.js_parser", "bfcl_eval.model_handler.parser.xml_parser", "bfcl_eval.model_handler.parser.json_parser", "bfcl_eval.utils", "bfcl_eval.constants.executable_backend_config", "tenacity"]:
    sys.modules.setdefault(name, Stub(name))

from bfcl_eval.constants.enums import Language  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker  # noqa: E402
from bfcl_eval.model_handler.utils import default_decode_ast_prompting  # noqa: E402

random.seed(5)


def function(name, required, **properties):
    return {"name": name, "description": "", "parameters": {"type": "dict", "properties": properties, "required": required}}


def of(kind, items=None):
    return {"type": kind, "description": "", **({"items": {"type": items}} if items else {})}


FUNCTIONS = [
    function("area", ["base", "height"], base=of("integer"), height=of("float"), unit=of("string"), exact=of("boolean")),
    function("shop.order", ["items"], items=of("array", "string"), prices=of("array", "float"), options=of("dict"), lines=of("array", "dict"), at=of("tuple", "float"), note=of("any"), counts=of("array", "integer"), flags=of("array", "boolean"), deep=of("array", "array")),
]
VALUES = {
    "base": [1, 2, 5, 5.0, -3, True, "5", "n"], "height": [1, 2.5, 2, 0.5, 1e3, "h", False], "unit": ["cm", "Cm.", "square-cm", "in", "", "it's", 'it"s', 3], "exact": [True, False, 1, "true"],
    "items": [["a", "B."], ["a"], [], ["a", 1], ("a", "B."), "all"], "prices": [[1.0, 2.5], [1, 2.5], [2.5, 1], [1, 2], []], "options": [{"color": "red", "size": 2}, {"color": "Red"}, {"size": 2.0}, {}, {"other": 1}],
    "lines": [[{"sku": "x", "n": 1}], [{"sku": "X"}], [{"sku": "x", "n": 1}, {"sku": "y"}], [], ["x"]], "at": [(1.0, 2.0), [1.0, 2.0], (1, 2), [1.5]], "note": ["now", "Now!", "n o w", 4], "counts": [[1, 2], [1.0, 2], [2, 1], [True, 2]],
    "flags": [[True], [False, True], [1]], "deep": [[["a"]], [["a", "b"], []], [[1]]],
}


def right_values(name):
    values = [value for value in random.sample(VALUES[name], random.randint(1, 2)) if not isinstance(value, tuple)] or [next(value for value in VALUES[name] if not isinstance(value, tuple))]
    wrap = lambda record: {key: [value, ""] if random.random() < 0.3 else [value] for key, value in record.items()}
    if name == "options":
        values = [wrap(value) for value in values]
    if name == "lines":
        values = [[wrap(each) if isinstance(each, dict) else each for each in value] for value in values if all(isinstance(each, dict) for each in value)] or [[]]
    return values + ([""] if random.random() < 0.4 else [])


def truth_of(described):
    parameters = [name for name in described["parameters"]["properties"] if name in described["parameters"]["required"] or random.random() < 0.4]
    return {described["name"]: {name: right_values(name) for name in parameters}}


def some(values):
    value = random.choice(values)
    if isinstance(value, dict):
        return {key: random.choice(own) for key, own in value.items() if random.random() < 0.9}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [{key: random.choice(own) for key, own in each.items()} for each in value]
    return value


def written(value):
    if isinstance(value, str) and random.random() < 0.2:
        return json.dumps(value)
    if isinstance(value, int) and not isinstance(value, bool) and random.random() < 0.1:
        return random.choice([f"{value - 1} + 1", f"{value} * 1", f"-(-{abs(value)})" if value < 0 else str(value), f"{value}.0"])
    return repr(value)


def call_of(truth):
    ((name, values),) = truth.items()
    given = {key: some(own) for key, own in values.items() if "" not in own or random.random() < 0.6}
    for key in list(given):
        chance = random.random()
        if chance < 0.2:
            given[key] = random.choice(VALUES[key])
        elif chance < 0.23:
            del given[key]
    if random.random() < 0.05:
        given["stranger"] = 1
    if random.random() < 0.05:
        name += "s"
    return f"{name}({', '.join(f'{key}={written(value)}' for key, value in given.items())})"


def altered(text):
    chance = random.random()
    if chance < 0.05:
        return text[:-1]
    if chance < 0.08:
        return "I call " + text
    if chance < 0.2:
        return f"`{text}`\n"
    return f"[{text}]" if chance < 0.6 else text


def valid(functions, answer, truth):
    category = "parallel" if len(truth) > 1 else "multiple" if len(functions) > 1 else "simple"
    try:
        return ast_checker(functions, default_decode_ast_prompting(answer), truth, Language.PYTHON, category, "m")["valid"]
    except Exception:
        return False


cases = []
for number in range(90):
    functions = random.sample(FUNCTIONS, random.choice([1, 2]))
    count = random.choice([1, 1, 1, 2, 3])
    truth = [truth_of(functions[-1] if len(functions) == 1 or count == 1 else random.choice(functions)) for _ in range(count)]
    answers = []
    for _ in range(10):
        calls = [call_of(each) for each in truth]
        if random.random() < 0.3:
            random.shuffle(calls)
        if random.random() < 0.06:
            calls.pop()
        answer = altered(", ".join(calls))
        answers.append([answer, valid(functions, answer, truth)])
    cases.append({"functions": functions, "truth": json.dumps(truth), "answers": answers})

path = Path(__file__).parent / "fixtures" / "evaluation" / "function-calls.json"
path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
print(sum(right for case in cases for _, right in case["answers"]), "of", sum(len(case["answers"]) for case in cases), "are valid")
