"""What ms-swift's loss scales make of answers put together at random from the words that they look for.

    python tests/parity/make-loss-scale-fixtures.py

Needs ms-swift 4; works offline. Writes tests/parity/fixtures/training/loss-scales.json: [scale, question, answer, [[text, weight], ...]], neighbours of
one weight joined. Marks of thinking stand at the beginning only: ms-swift 4.6 tries anchored expressions once more on what it has cut off, so that
a second mark there would take the whole rest with it, which is no rule that one could want.
"""
import json
import random
from pathlib import Path

from swift.loss_scale.mapping import get_loss_scale

random.seed(4)
WORDS = ["Action:", "Action Input:", "Thought:", "Observation:", "Final Answer:", "Next:", "Name:", " x ", "\n", "{}", "<tool_call>", "</tool_call>", 
         "\n\n", "✿ARGS✿:", "✿RESULT✿:", "Command", "hello. "]
SCALES = ["react", "alpha_umi", "agentflan", "qwen", "hermes", "ignore_empty_think", "ignore_think_prefix", "hermes+ignore_empty_think", "react+hermes",
          "ignore_empty_think+react", "default+qwen"]

cases = []
for scale in SCALES:
    for number in range(12):
        answer = ("<think>\n\n</think>\n\n" if number % 4 == 0 else "") + "".join(random.choice(WORDS) for _ in range(random.randint(1, 12)))
        question = random.choice(["do it", "What is the value of x"])
        joined = []
        for text, weight in zip(*get_loss_scale(scale).get_loss_scale(answer, query=question)):
            if joined and joined[-1][1] == weight:
                joined[-1][0] += text
            elif text:
                joined.append([text, weight])
        cases.append([scale, question, answer, joined])

(Path(__file__).parent / "fixtures" / "training" / "loss-scales.json").write_text(json.dumps(cases, ensure_ascii=False) + "\n")
