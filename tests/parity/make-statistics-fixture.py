"""What scipy and statsmodels make of paired scores: tests of the difference, and the interval of a paired bootstrap.

    python tests/parity/make-statistics-fixture.py

Needs scipy 1.17 and statsmodels 0.15; works offline. Writes tests/parity/fixtures/evaluation/statistics.json:
{"student": [[t, degrees of freedom, p], ...], "chiSquare": [[x, p], ...], "mcnemar": [[only own, only other, exact, statistic, p of chi-square], ...],
"sign": [[better, worse, p], ...], "paired": [{"own", "other", "t", "p", "error", "low", "high"}, ...]}. The interval is of 20000 draws.
"""
import json
from pathlib import Path

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

rng = np.random.default_rng(11)
result = {
    "student": [[t, df, float(2 * stats.t.sf(abs(t), df))] for df in (1, 2, 3, 7, 30, 499, 14041) for t in (-0.01, 0.3, 1.0, 1.96, 4.5, 12.0)],
    "chiSquare": [[x, float(stats.chi2.sf(x, 1))] for x in (1e-6, 0.02, 0.5, 1.0, 3.841458820694124, 4.4999, 4.5001, 10.8, 60.0, 400.0)],
    "mcnemar": [],
    "sign": [[b, w, float(stats.binomtest(b, b + w).pvalue)] for b, w in ((0, 1), (3, 3), (1, 9), (12, 4), (60, 90), (2000, 2200), (700, 900))],
    "paired": [],
}
for own, other in ((0, 1), (2, 2), (5, 1), (10, 14), (24, 0), (13, 12), (20, 5), (100, 140), (900, 1100), (15, 15)):
    table = [[50, own], [other, 30]]
    tested = mcnemar(table, exact=False, correction=True)
    result["mcnemar"].append([own, other, float(mcnemar(table, exact=True).pvalue), float(tested.statistic), float(tested.pvalue)])

for count, binary in ((8, False), (60, False), (40, True), (200, True)):
    own = rng.random(count)
    other = own + rng.normal(0.05, 0.2, count)
    if binary:
        own, other = (own > 0.4).astype(float), (other > 0.55).astype(float)
    # The tests are of the numbers as they are written.
    own, other = ([round(float(value), 6) for value in values] for values in (own, other))
    test = stats.ttest_rel(own, other)
    drawn = stats.bootstrap((own, other), lambda a, b, axis: np.mean(a, axis) - np.mean(b, axis), paired=True, vectorized=True, method="percentile", n_resamples=20000, rng=rng)
    result["paired"].append({
        "own": own, "other": other, "t": float(test.statistic), "p": float(test.pvalue), "error": float(stats.sem(np.subtract(own, other))),
        "low": float(drawn.confidence_interval.low), "high": float(drawn.confidence_interval.high),
    })

path = Path(__file__).parent / "fixtures" / "evaluation" / "statistics.json"
path.write_text(json.dumps(result) + "\n")
