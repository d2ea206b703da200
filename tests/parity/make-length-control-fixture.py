"""What scikit-learn and scipy fit of verdicts about answers of different lengths: the win rate at equal length.

    python tests/parity/make-length-control-fixture.py

Needs scikit-learn 1.7 and scipy 1.16; works offline. Writes tests/parity/fixtures/evaluation/length-control.json:
[{"pairs": [[preference, difference], ...], "winRate", "byScipy"}, ...]. The logistic regression is that of length-controlled AlpacaEval (arXiv:2404.04475;
glm_winrate.py of alpaca_eval: tanh of the difference in units of its standard deviation, a constant, preferences as weights of both labels) without its
difficulty of instructions and without its rows of a gamed baseline, with L2 in place of L1.
"""
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

STRENGTH = 100.0
rng = np.random.default_rng(5)


def by_scikit_learn(preference, features):
    both = np.concatenate([features, features])
    labels = np.repeat([1, 0], len(features))
    weights = np.concatenate([preference, 1 - preference])
    kept = weights > 0
    fit = LogisticRegression(C=STRENGTH, fit_intercept=False, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    fit.fit(both[kept], labels[kept], sample_weight=weights[kept])
    return float(fit.predict_proba([[0.0, 1.0]])[0, 1])


def by_scipy(preference, features):
    def loss(weights):
        logits = features @ weights
        return 0.5 * weights @ weights + STRENGTH * np.sum(np.logaddexp(0, logits) - preference * logits)

    found = minimize(loss, np.zeros(2), method="BFGS", options={"gtol": 1e-9, "maxiter": 10000})
    return float(1 / (1 + np.exp(-found.x[1])))


cases = []
for count, model, length, scale in ((12, 0.0, 0.0, 50), (40, 0.4, 1.5, 300), (200, -0.8, 2.0, 900), (805, 0.2, 0.7, 1200), (30, 1.0, -1.0, 10)):
    difference = np.rint(rng.normal(scale / 3, scale, count)).astype(int)
    chance = 1 / (1 + np.exp(-(model + length * np.tanh(difference / difference.std(ddof=1)))))
    preference = np.where(rng.random(count) < 0.2, 0.5, (rng.random(count) < chance).astype(float))
    cases.append((preference, difference))
# The longer one always wins; and one that wins all.
cases.append((np.array([1, 1, 1, 0, 0, 0.0]), np.array([40, 90, 10, -20, -70, -5])))
cases.append((np.ones(5), np.array([3, -4, 8, 1, -2])))

result = []
for preference, difference in cases:
    features = np.stack([np.tanh(difference / difference.std(ddof=1)), np.ones(len(difference))], axis=1)
    # One that wins all leaves scikit-learn a single label, which it does not take.
    scipys = by_scipy(preference, features)
    result.append({"pairs": [[float(p), int(d)] for p, d in zip(preference, difference)], "winRate": by_scikit_learn(preference, features) if len(set(preference)) > 1 else scipys, "byScipy": scipys})

path = Path(__file__).parent / "fixtures" / "evaluation" / "length-control.json"
path.write_text(json.dumps(result) + "\n")
