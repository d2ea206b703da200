"""What sacrebleu and rouge_score make of texts put together at random from words that their tokenizers treat in ways of their own.

    python tests/parity/make-text-metric-fixture.py

Needs sacrebleu 2.6 and rouge_score 0.1.2; works offline. Writes tests/parity/fixtures/evaluation/text-metrics.json:
{"corpora": [{"documents": [[answer, [right answer, ...]], ...], "bleu", "chrf", "chrf++", "ter"}, ...], "pairs": [[answer, right answer, rouge1, rouge2, rougeL], ...]}. The last
corpus has an "error" too: the spread of BLEU over 2000 corpora drawn from its documents with replacement, as lm-evaluation-harness estimates it.
"""
import json
import random
import statistics
from pathlib import Path

import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

random.seed(7)
WORDS = ["the", "The", "cat", "sat", "on", "mat", "a", "3.5", "1,000", "10-12", "x-ray", "end.", "end-\n", "why?", "(so)", "&quot;ja&quot;", "&amp;", "a&lt;b",
         "<skipped>", "café", "İstanbul", "naïve", "e.g.", "$5", "50%", "don't", "it's", "東京", "😀.", "\n", "a\u00a0b", "x\x1cy", "snake_case", "[1]", "{k}", "~", "`q`", "", ","]


def text(low, high):
    return " ".join(random.choices(WORDS, k=random.randint(low, high)))


def altered(source):
    """The text with some of its words replaced, so that long n-grams match too."""
    return " ".join(random.choice(WORDS) if random.random() < 0.15 else word for word in source.split(" "))


corpora = []
for number in range(24):
    rights = 1 + number % 3
    documents = []
    for _ in range(random.choice([1, 2, 6])):
        right = text(0, 4) if number % 6 == 0 else text(3, 18)
        answer = text(0, 12) if number % 4 == 0 else altered(right) + random.choice(["", " \n", " mat", " the cat"])
        documents.append([answer, [right] + [altered(right) if random.random() < 0.5 else text(1, 14) for _ in range(rights - 1)]])
    streams = [[right[place] for _, right in documents] for place in range(rights)]
    answers = [answer for answer, _ in documents]
    corpora.append({"documents": documents, "bleu": sacrebleu.corpus_bleu(answers, streams).score, "chrf": sacrebleu.corpus_chrf(answers, streams).score, "chrf++": sacrebleu.corpus_chrf(answers, streams, word_order=2).score, "ter": sacrebleu.corpus_ter(answers, streams).score})

documents = [[altered(right), [right]] for right in (text(6, 14) for _ in range(40))]


def score(drawn):
    return sacrebleu.corpus_bleu([answer for answer, _ in drawn], [[right for _, [right] in drawn]]).score


corpora.append({"documents": documents, "bleu": score(documents), "chrf": sacrebleu.corpus_chrf([answer for answer, _ in documents], [[right for _, [right] in documents]]).score, "chrf++": sacrebleu.corpus_chrf([answer for answer, _ in documents], [[right for _, [right] in documents]], word_order=2).score, "ter": sacrebleu.corpus_ter([answer for answer, _ in documents], [[right for _, [right] in documents]]).score, "error": statistics.stdev(score(random.choices(documents, k=len(documents))) for _ in range(2000))})

names = ["rouge1", "rouge2", "rougeL"]
scorer = RougeScorer(names)
pairs = []
for number in range(40):
    right = text(0, 16)
    answer = text(0, 16) if number % 3 == 0 else altered(right)
    scores = scorer.score(right, answer)
    pairs.append([answer, right, *(scores[name].fmeasure for name in names)])

path = Path(__file__).parent / "fixtures" / "evaluation" / "text-metrics.json"
path.write_text(json.dumps({"corpora": corpora, "pairs": pairs}, ensure_ascii=False) + "\n")
