"""Scores without each group of units, and where there is none."""

import math

import numpy as np

from seqtransfer.report import estimates
from seqtransfer.scoring import left_out
from seqtransfer.scoring.metrics import classification_scores


def matthews(labels: np.ndarray, answers: np.ndarray) -> float:
    return classification_scores(labels, answers, 3)["mcc"]


def test_a_score_without_a_group_is_that_of_the_other_examples():
    rng = np.random.default_rng(0)
    labels, answers, groups = (rng.integers(0, n, 90) for n in (3, 3, 6))
    found = left_out.scores(labels, answers, groups, matthews)
    for group, score in enumerate(found):
        rest = groups != group
        assert score == matthews(labels[rest], answers[rest])


def test_where_one_label_is_left_the_error_is_unknown_not_0():
    """MCC of one label is 0 whatever the answers, as of two persons with a class each."""
    labels = np.repeat([0, 1], 20)
    groups = left_out.groups(np.repeat(["p", "q"], 20), "x", "left out")
    found = left_out.scores(labels, labels, groups, matthews)
    assert all(map(math.isnan, found))
    one = estimates.crossed([0.1, 0.2, 0.3], np.full((3, 2), math.nan))
    assert one.few_examples and math.isnan(one.error)
    assert not estimates.crossed([0.1], np.full((1, 2), math.nan)).few_examples
    alike = left_out.scores(np.zeros(40), labels, groups, lambda y, p: float((y == p).mean()))
    assert alike == [1.0, 0.0] or alike == [0.0, 1.0]  # nothing is lost where labels never differ
